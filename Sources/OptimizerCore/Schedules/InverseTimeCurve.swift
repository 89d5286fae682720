/// `learning_rate / (1 + decay_rate·s/decay_steps)`, the quotient of steps rounded down for a staircase.
///
/// `tf.compat.v1.train.inverse_time_decay`, `keras.optimizers.schedules.InverseTimeDecay`; with `decay_steps` 1 the
/// `decay` of Keras' older optimizers.
struct InverseTimeCurve: BaseCurve {
  let base: Double
  private let steps: Int64
  private let factor: Double
  private let isStaircase: Bool

  init(from reader: inout RecordReader) throws {
    base = try reader.number("learning_rate")
    steps = try reader.count("decay_steps", atLeast: 1)
    factor = try reader.number("decay_rate", in: 0...(.infinity))
    isStaircase = try reader.flag("staircase", default: false)
  }

  func rate<Scalar: BinaryFloatingPoint>(at step: Int64) -> Scalar {
    var quotient = Scalar(step) / Scalar(steps)
    if isStaircase { quotient.round(.down) }
    return Scalar(base) / (1 + Scalar(factor) * quotient)
  }

  var end: Int64? { nil }
}
