/// Which value of the global step BERT's schedule sees in an update.
public enum StepReading: String, Sendable, Hashable, CaseIterable {
  /// The value before the update's own increment (TensorFlow 2, resource variables).
  case before
  /// The value after it (TensorFlow 1, where the read raced with the increment and mostly lost).
  case after
}

/// The schedule of google-research/bert, `optimization.create_optimizer`.
///
///     decay  = learning_rate·(1 − min(s, N)/N)        N = num_train_steps
///     warmup = learning_rate·(s/W)                    W = num_warmup_steps
///     rate   = (1 − i)·decay + i·warmup               i = 1 if s < W else 0
///
/// The decay runs from step 0, so that the rate drops where the warm-up ends. With `folding`, as in
/// graph mode, `s/N` is `s·(1/N)` and the warm-up `s·(learning_rate·(1/W))`, each factor rounded.
struct BERTCurve: ScheduleCurve {
  private let learningRate: Double
  private let trainSteps: Int64
  private let warmupSteps: Int64
  private let reading: StepReading
  private let isFolded: Bool

  init(from reader: inout RecordReader) throws {
    learningRate = try reader.number("learning_rate")
    trainSteps = try reader.count("num_train_steps", atLeast: 1)
    warmupSteps = try reader.count("num_warmup_steps", default: 0, atLeast: 0)
    reading = try reader.choice("step_reading", default: .before)
    isFolded = try reader.flag("folding", default: true)
  }

  func rate<Scalar: BinaryFloatingPoint>(at step: Int64) -> Scalar {
    let s = reading == .after ? step + 1 : step
    let base = Scalar(learningRate)
    let n = Scalar(trainSteps)
    let done = Scalar(min(s, trainSteps))
    let fraction = isFolded ? done * (1 / n) : done / n
    let decay = base * (1 - fraction)
    guard warmupSteps > 0 else { return decay }
    let w = Scalar(warmupSteps)
    let warmup = isFolded ? Scalar(s) * (base * (1 / w)) : base * (Scalar(s) / w)
    let isWarmup: Scalar = s < warmupSteps ? 1 : 0
    return (1 - isWarmup) * decay + isWarmup * warmup
  }

  var end: Int64? { reading == .after ? trainSteps - 1 : trainSteps }
}
