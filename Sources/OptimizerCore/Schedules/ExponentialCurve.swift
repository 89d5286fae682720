/// `learning_rate · decay_rate^(s/decay_steps)`, the exponent rounded down for a staircase.
///
/// `tf.compat.v1.train.exponential_decay`, `keras.optimizers.schedules.ExponentialDecay`.
struct ExponentialCurve: BaseCurve {
  let base: Double
  private let steps: Int64
  private let factor: Double
  private let isStaircase: Bool

  init(from reader: inout RecordReader) throws {
    base = try reader.number("learning_rate")
    steps = try reader.count("decay_steps", atLeast: 1)
    factor = try reader.number("decay_rate")
    isStaircase = try reader.flag("staircase", default: false)
  }

  func rate<Scalar: BinaryFloatingPoint>(at step: Int64) -> Scalar {
    var exponent = Scalar(step) / Scalar(steps)
    if isStaircase { exponent.round(.down) }
    return Scalar(base) * .power(Scalar(factor), exponent)
  }

  var end: Int64? { nil }
}
