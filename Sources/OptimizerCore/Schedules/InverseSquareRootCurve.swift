/// `learning_rate·√(k/max(s, k))` with `k` = `timescale`.
///
/// Vaswani et al., 2017 (arXiv:1706.03762), equation 3, behind a warm-up of `k` steps with
/// `decay_origin` = start; T5 without warm-up.
struct InverseSquareRootCurve: BaseCurve {
  let base: Double
  private let timescale: Int64

  init(from reader: inout RecordReader) throws {
    base = try reader.number("learning_rate")
    timescale = try reader.count("timescale", default: 10_000, atLeast: 1)
  }

  func rate<Scalar: BinaryFloatingPoint>(at step: Int64) -> Scalar {
    Scalar(base) * (Scalar(timescale) / Scalar(max(step, timescale))).squareRoot()
  }

  var end: Int64? { nil }
}
