import Synchronization

/// A tensor with its axes in another order.
///
/// Neighbours in the result are far apart in the base. One of moderate size is read as a whole and kept while its ranges are
/// asked for one after another; a larger one is picked together piece by piece, so that it never has to fit.
final class PermutedView: TensorSource {
  private let base: Tensor
  private let dimensions: [Int]
  private let strides: [Int]
  private let width: Int
  private let byteCount: Int
  private let pieces: StridedView
  /// Held while the base is read, so that two workers do not both read it.
  private let loading = Mutex(())

  init(_ base: Tensor, dimensions: [Int], strides: [Int], width: Int) {
    self.base = base
    self.dimensions = dimensions
    self.strides = strides
    self.width = width
    byteCount = base.byteCount
    pieces = StridedView(base, first: 0, dimensions: dimensions, strides: strides, width: width)
  }

  deinit { MatrixCache.remove(ObjectIdentifier(self)) }

  var origins: [Tensor] { [base] }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    guard byteCount <= MatrixCache.maximumBytes else {
      try unsafe pieces.read(into: buffer, at: offset)
      return
    }
    let whole = try whole()
    var element = offset / width
    var skipped = offset % width
    var index = [Int](repeating: 0, count: dimensions.count)
    var rest = element
    var source = 0
    for axis in dimensions.indices.reversed() {
      index[axis] = rest % dimensions[axis]
      source += index[axis] * strides[axis]
      rest /= dimensions[axis]
    }
    var target = 0
    while target < buffer.count {
      let count = min(width - skipped, buffer.count - target)
      let from = source * width + skipped
      for byte in 0..<count { unsafe buffer[target + byte] = whole.bytes[from + byte] }
      target += count
      skipped = 0
      element += 1
      var axis = dimensions.count - 1
      while axis >= 0 {
        index[axis] += 1
        source += strides[axis]
        if index[axis] < dimensions[axis] { break }
        source -= dimensions[axis] * strides[axis]
        index[axis] = 0
        axis -= 1
      }
    }
    if offset + buffer.count == byteCount { MatrixCache.remove(ObjectIdentifier(self)) }
  }

  /// The base in memory.
  private func whole() throws -> MatrixCache.Matrix {
    try loading.withLock { _ in
      let own = ObjectIdentifier(self)
      if let known = MatrixCache.matrix(for: own) { return known }
      let matrix = try MatrixCache.Matrix(base)
      MatrixCache.insert(matrix, for: own)
      return matrix
    }
  }
}

extension Tensor {
  /// The tensor with its axes in another order, without moving data, as NumPy's `transpose`.
  ///
  /// - Parameter axes: For each axis of the result the one of this tensor that it is.
  /// - Returns: The view.
  /// - Throws: ``StateError`` with code `unsupported` when `axes` are not this tensor's, each once, or its elements have no
  ///   fixed width.
  public func permuted(_ axes: [Int]) throws -> Tensor {
    guard axes.sorted() == Array(shape.dimensions.indices), let width = elementType.byteWidth else {
      throw StateError(
        .unsupported,
        "the axes \(axes) are not those of \(elementType.rawValue)\(shape)"
      )
    }
    if axes == axes.sorted() { return self }
    if axes == [1, 0] { return try transposed() }
    var strides = [Int](repeating: 1, count: shape.rank)
    for axis in stride(from: shape.rank - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * max(shape.dimensions[axis + 1], 1)
    }
    let turned = axes.map { shape.dimensions[$0] }
    let view = PermutedView(
      self,
      dimensions: turned,
      strides: axes.map { strides[$0] },
      width: width
    )
    return try Tensor(elementType, try Shape(turned), source: view)
  }
}
