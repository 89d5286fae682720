/// A tensor of three or more axes with the order of its axes reversed: column-major data as row-major.
///
/// A range of the result is a strip of the base's last axis: it is read run by run into scratch memory
/// the size of the strip and spread from there, so that the base never has to fit.
final class AxisReversedView: TensorSource {
  private let base: Tensor
  private let width: Int
  /// Elements along the axes of the result behind its first.
  private let inner: [Int]
  private let rows: Int
  private let columns: Int

  init(_ base: Tensor, width: Int) {
    self.base = base
    self.width = width
    inner = base.shape.dimensions.dropLast().reversed()
    rows = inner.reduce(1, *)
    columns = base.shape.dimensions.last ?? 1
  }

  var origins: [Tensor] { [base] }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    let sliceBytes = rows * width
    let first = offset / sliceBytes
    let strip = (offset + buffer.count + sliceBytes - 1) / sliceBytes - first
    let scratch = UnsafeMutableRawBufferPointer.allocate(
      byteCount: rows * strip * width,
      alignment: 16
    )
    defer { unsafe scratch.deallocate() }
    for row in 0..<rows {
      let part = unsafe scratch[row * strip * width..<(row + 1) * strip * width]
      try unsafe base.read(
        into: UnsafeMutableRawBufferPointer(rebasing: part),
        at: (row * columns + first) * width
      )
    }
    let end = offset + buffer.count
    for element in offset / width..<(end + width - 1) / width {
      let source = (baseRow(of: element % rows) * strip + element / rows - first) * width
      let from = max(element * width, offset)
      let to = min((element + 1) * width, end)
      for byte in from..<to {
        unsafe buffer[byte - offset] = scratch[source + byte - element * width]
      }
    }
  }

  /// The base's row of a place among the axes behind the first.
  private func baseRow(of place: Int) -> Int {
    var rest = place
    var row = 0
    for size in inner.reversed() {
      row = row * size + rest % size
      rest /= size
    }
    return row
  }
}

extension Tensor {
  /// The tensor with the order of its axes reversed, without moving data: what is row-major here is
  /// column-major there.
  ///
  /// - Returns: The view, or the tensor itself where it has fewer than two axes.
  /// - Throws: ``StateError`` with code `unsupported` when elements have no fixed width.
  public func reversingAxes() throws -> Tensor {
    if shape.rank < 2 { return self }
    if shape.rank == 2 { return try transposed() }
    guard let width = elementType.byteWidth else {
      throw StateError(.unsupported, "a tensor of \(elementType.rawValue) has no fixed width")
    }
    let reversed = try Shape(shape.dimensions.reversed())
    return try Tensor(elementType, reversed, source: AxisReversedView(self, width: width))
  }
}
