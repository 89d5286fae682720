/// The schedule inside keras-bert's `AdamWarmup`, with `t` = updates done + 1.
///
///     rate = learning_rate·(t/W)                                         t ≤ W = warmup_steps
///     rate = r + (learning_rate − r)·(1 − min(t, D)/D)                   D = decay_steps
///
/// with `r` = `min_learning_rate`. The decay runs from step 0.
struct KerasBERTCurve: ScheduleCurve {
  private let learningRate: Double
  private let decaySteps: Int64
  private let warmupSteps: Int64
  private let least: Double

  init(from reader: inout RecordReader) throws {
    learningRate = try reader.number("learning_rate")
    decaySteps = try reader.count("decay_steps", atLeast: 1)
    warmupSteps = try reader.count("warmup_steps", default: 0, atLeast: 0)
    least = try reader.number("min_learning_rate", default: 0)
  }

  func rate<Scalar: BinaryFloatingPoint>(at step: Int64) -> Scalar {
    let t = step + 1
    let base = Scalar(learningRate)
    if t <= warmupSteps { return base * (Scalar(t) / Scalar(warmupSteps)) }
    let d = Scalar(decaySteps)
    return Scalar(least) + (base - Scalar(least)) * (1 - min(Scalar(t), d) / d)
  }

  var end: Int64? { max(decaySteps - 1, warmupSteps) }
}
