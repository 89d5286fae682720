/// `(learning_rate − end_learning_rate)·(1 − s/N)^power + end_learning_rate`.
///
/// `s` stops at `N` = `decay_steps`, or with `cycle` `N` grows to the next multiple of it that `s` does
/// not pass. `tf.compat.v1.train.polynomial_decay`, `keras.optimizers.schedules.PolynomialDecay`.
struct PolynomialCurve: BaseCurve {
  let base: Double
  private let last: Double
  private let steps: Int64
  private let power: Double
  private let cycles: Bool

  init(from reader: inout RecordReader) throws {
    base = try reader.number("learning_rate")
    last = try reader.number("end_learning_rate", default: 1e-4)
    steps = try reader.count("decay_steps", atLeast: 1)
    power = try reader.number("power", default: 1)
    cycles = try reader.flag("cycle", default: false)
  }

  func rate<Scalar: BinaryFloatingPoint>(at step: Int64) -> Scalar {
    var s = Scalar(step)
    var n = Scalar(steps)
    if cycles {
      n = n * (s == 0 ? 1 : (s / n).rounded(.up))
    } else {
      s = min(s, n)
    }
    let range = Scalar(base) - Scalar(last)
    return range * .power(1 - s / n, Scalar(power)) + Scalar(last)
  }

  var end: Int64? { cycles ? nil : steps }
}
