/// One rate for all updates.
struct ConstantCurve: BaseCurve {
  let base: Double

  init(from reader: inout RecordReader) throws {
    base = try reader.number("learning_rate")
  }

  func rate<Scalar: BinaryFloatingPoint>(at step: Int64) -> Scalar { Scalar(base) }

  var end: Int64? { 0 }
}
