/// `learning_rate·((1 − alpha)·½(1 + cos(π·s/N)) + alpha)`, `s` up to `N` = `decay_steps`.
///
/// Loshchilov & Hutter, 2017 (arXiv:1608.03983), equation 5 without restarts;
/// `tf.compat.v1.train.cosine_decay`, `keras.optimizers.schedules.CosineDecay`.
struct CosineCurve: BaseCurve {
  let base: Double
  private let steps: Int64
  private let alpha: Double

  init(from reader: inout RecordReader) throws {
    base = try reader.number("learning_rate")
    steps = try reader.count("decay_steps", atLeast: 1)
    alpha = try reader.number("alpha", default: 0)
  }

  func rate<Scalar: BinaryFloatingPoint>(at step: Int64) -> Scalar {
    let fraction = min(Scalar(step), Scalar(steps)) / Scalar(steps)
    let cosine = Scalar(0.5) * (1 + .cosinePi(fraction))
    return Scalar(base) * (Scalar(1 - alpha) * cosine + Scalar(alpha))
  }

  var end: Int64? { steps }
}
