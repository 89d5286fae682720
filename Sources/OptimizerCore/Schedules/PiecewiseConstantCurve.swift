import Tensors

/// `values[i]` up to and including the step `boundaries[i]`, the last value behind the last one.
///
/// `tf.compat.v1.train.piecewise_constant`, `keras.optimizers.schedules.PiecewiseConstantDecay`.
struct PiecewiseConstantCurve: BaseCurve {
  private let boundaries: [Double]
  private let values: [Double]

  init(from reader: inout RecordReader) throws {
    boundaries = try reader.numbers("boundaries")
    values = try reader.numbers("values")
    guard values.count == boundaries.count + 1,
      zip(boundaries, boundaries.dropFirst()).allSatisfy(<)
    else {
      throw StateError(
        .invalidArgument,
        "\(reader.subject) needs rising boundaries and one value more than boundaries"
      )
    }
  }

  var base: Double { values[0] }

  func rate<Scalar: BinaryFloatingPoint>(at step: Int64) -> Scalar {
    let index = boundaries.firstIndex { Double(step) <= $0 } ?? boundaries.count
    return Scalar(values[index])
  }

  var end: Int64? {
    guard let last = boundaries.last else { return 0 }
    return Int64(exactly: last.rounded(.down)).map { $0 < .max ? $0 + 1 : $0 }
  }
}
