internal import ByteIO
internal import Synchronization
internal import Tensors

/// New rows for a tensor.
struct RowFilling {
  private let fill: Resizing.Fill

  init(_ fill: Resizing.Fill) {
    self.fill = fill
  }

  /// Rows of a shape, after those that a tensor has.
  func rows(_ old: Tensor, _ shape: Shape) throws -> Tensor {
    switch fill {
    case .zero: return try Tensor.constant(0, old.elementType, shape)
    case .normal(let deviation, let seed):
      return try Tensor.normal(deviation: deviation, seed: seed, old.elementType, shape)
    case .mean:
      let row = try Self.mean(of: old)
      // One row, seen again and again.
      let width = try Shape(row.shape.dimensions).byteCount(of: old.elementType)
      return try Tensor(old.elementType, shape, source: RepeatedRow(row, byteCount: max(width, 1)))
    }
  }

  /// The mean of a tensor's rows, summed in `Double` row by row and rounded once.
  private static func mean(of tensor: Tensor) throws -> Tensor {
    guard tensor.elementType.isFloatingPoint, let width = tensor.elementType.byteWidth else {
      throw StateError(
        .unsupported,
        "elements of type \(tensor.elementType.rawValue) have no mean"
      )
    }
    let count = tensor.shape.dimensions[0]
    let rowShape = try Shape(Array(tensor.shape.dimensions.dropFirst()))
    let rowBytes = try rowShape.byteCount(of: tensor.elementType)
    guard count > 0 else { throw StateError(.unsupported, "no rows have no mean") }
    guard rowBytes <= 1 << 24 else {
      throw StateError(.limitExceeded, "a row of \(rowBytes) bytes is too large for a mean")
    }
    let buffer = WorkBuffer(byteCount: max(rowBytes, 1))
    let bytes = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<rowBytes])
    var sums = [Double](repeating: 0, count: rowShape.elementCount)
    var numbers = sums
    for row in 0..<count {
      try unsafe tensor.read(into: bytes, at: row * rowBytes)
      try unsafe numbers.withUnsafeMutableBufferPointer { numbers in
        try unsafe ElementConversion.toDouble(
          UnsafeRawBufferPointer(bytes),
          tensor.elementType,
          numbers
        )
      }
      for place in sums.indices { sums[place] += numbers[place] }
    }
    var mean = [UInt8](repeating: 0, count: rowShape.elementCount * width)
    let means = sums.map { $0 / Double(count) }
    try unsafe means.withUnsafeBufferPointer { means in
      try unsafe mean.withUnsafeMutableBytes { bytes in
        try unsafe ElementConversion.fromDouble(means, tensor.elementType, bytes)
      }
    }
    return try Tensor(tensor.elementType, rowShape, bytes: mean)
  }
}

/// A tensor whose rows are all the same.
private final class RepeatedRow: TensorSource {
  private let row: Tensor
  private let byteCount: Int

  init(_ row: Tensor, byteCount: Int) {
    self.row = row
    self.byteCount = byteCount
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    var done = 0
    while done < buffer.count {
      let within = (offset + done) % byteCount
      let part = min(byteCount - within, buffer.count - done)
      try unsafe row.read(
        into: UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + part]),
        at: within
      )
      done += part
    }
  }
}
