/// A cosine that starts anew after `first_decay_steps`, then after `t_mul` times as many, and so on,
/// each time from `m_mul` times the height.
///
/// Loshchilov & Hutter, 2017 (arXiv:1608.03983), equation 5;
/// `tf.compat.v1.train.cosine_decay_restarts`, `keras.optimizers.schedules.CosineDecayRestarts`.
struct CosineRestartsCurve: BaseCurve {
  let base: Double
  private let steps: Int64
  private let stretch: Double
  private let damping: Double
  private let alpha: Double

  init(from reader: inout RecordReader) throws {
    base = try reader.number("learning_rate")
    steps = try reader.count("first_decay_steps", atLeast: 1)
    stretch = try reader.number("t_mul", default: 2, in: 1...(.infinity))
    damping = try reader.number("m_mul", default: 1)
    alpha = try reader.number("alpha", default: 0)
  }

  func rate<Scalar: BinaryFloatingPoint>(at step: Int64) -> Scalar {
    let t = Scalar(stretch)
    var fraction = Scalar(step) / Scalar(steps)
    var restarts: Scalar
    if t == 1 {
      restarts = fraction.rounded(.down)
      fraction -= restarts
    } else {
      restarts = (log(1 - fraction * (1 - t)) / log(t)).rounded(.down)
      let before = (1 - .power(t, restarts)) / (1 - t)
      fraction = (fraction - before) / .power(t, restarts)
    }
    let height = Scalar.power(Scalar(damping), restarts)
    let cosine = (Scalar(0.5) * height) * (1 + .cosinePi(fraction))
    return Scalar(base) * ((1 - Scalar(alpha)) * cosine + Scalar(alpha))
  }

  private func log<Scalar: BinaryFloatingPoint>(_ value: Scalar) -> Scalar {
    Scalar(Mathematics.logarithm(Double(value)))
  }

  var end: Int64? { nil }
}
