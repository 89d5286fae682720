import Synchronization

/// A matrix with rows and columns exchanged.
///
/// A range of the transposed matrix is a strip of columns of the base. A base of moderate size is read
/// as a whole and kept while its strips are asked for one after another; of a larger one the strip is
/// read row by row into scratch memory, so that the base never has to fit.
final class TransposedView: TensorSource {
  private let base: Tensor
  private let rows: Int
  private let columns: Int
  private let width: Int
  /// Held while the base is read, so that two workers do not both read it.
  private let loading = Mutex(())

  init(_ base: Tensor, rows: Int, columns: Int, width: Int) {
    self.base = base
    self.rows = rows
    self.columns = columns
    self.width = width
  }

  deinit { MatrixCache.remove(ObjectIdentifier(self)) }

  var origins: [Tensor] { [base] }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    let rowBytes = rows * width
    let first = offset / rowBytes
    let strip = (offset + buffer.count + rowBytes - 1) / rowBytes - first
    let skipped = offset - first * rowBytes
    if strip < columns, base.byteCount <= MatrixCache.maximumBytes {
      let matrix = try matrix()
      let input = unsafe UnsafeRawBufferPointer(rebasing: matrix.bytes[(first * width)...])
      unsafe turn(input, stride: columns, strip, buffer, skipped)
      if first + strip == columns { MatrixCache.remove(ObjectIdentifier(self)) }
      return
    }
    let scratch = UnsafeMutableRawBufferPointer.allocate(
      byteCount: rows * strip * width,
      alignment: 16
    )
    defer { unsafe scratch.deallocate() }
    if strip == columns {
      try unsafe base.read(into: scratch, at: 0)
    } else {
      for row in 0..<rows {
        let part = unsafe scratch[row * strip * width..<(row + 1) * strip * width]
        try unsafe base.read(
          into: UnsafeMutableRawBufferPointer(rebasing: part),
          at: (row * columns + first) * width
        )
      }
    }
    unsafe turn(UnsafeRawBufferPointer(scratch), stride: strip, strip, buffer, skipped)
  }

  /// The base in memory.
  private func matrix() throws -> MatrixCache.Matrix {
    try loading.withLock { _ in
      let own = ObjectIdentifier(self)
      if let known = MatrixCache.matrix(for: own) { return known }
      let matrix = try MatrixCache.Matrix(base)
      MatrixCache.insert(matrix, for: own)
      return matrix
    }
  }

  private func turn(
    _ input: UnsafeRawBufferPointer,
    stride: Int,
    _ strip: Int,
    _ buffer: UnsafeMutableRawBufferPointer,
    _ skipped: Int
  ) {
    switch width {
    case 1: unsafe turn(input, UInt8.self, stride, strip, buffer, skipped)
    case 2: unsafe turn(input, UInt16.self, stride, strip, buffer, skipped)
    case 4: unsafe turn(input, UInt32.self, stride, strip, buffer, skipped)
    case 8: unsafe turn(input, UInt64.self, stride, strip, buffer, skipped)
    default: unsafe turn(input, SIMD2<UInt64>.self, stride, strip, buffer, skipped)
    }
  }

  /// Writes the elements of a strip column by column, leaving out what precedes the wanted range.
  private func turn<Element: BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer,
    _: Element.Type,
    _ rowStride: Int,
    _ strip: Int,
    _ buffer: UnsafeMutableRawBufferPointer,
    _ skipped: Int
  ) {
    let total = buffer.count
    guard skipped % width == 0, total % width == 0 else {
      // A range that cuts elements apart: byte by byte, which only tests ask for.
      for byte in 0..<total {
        let element = (skipped + byte) / width
        let from = (element % rows * rowStride + element / rows) * width + (skipped + byte) % width
        unsafe buffer[byte] = bytes[from]
      }
      return
    }
    let input = unsafe bytes.bindMemory(to: Element.self)
    let start = skipped / width
    let count = total / width
    // Tiles keep both sides in the nearest cache.
    let tile = 32
    for columnTile in stride(from: 0, to: strip, by: tile) {
      for rowTile in stride(from: 0, to: rows, by: tile) {
        for column in columnTile..<min(columnTile + tile, strip) {
          for row in rowTile..<min(rowTile + tile, rows) {
            let place = column * rows + row - start
            if place < 0 || place >= count { continue }
            unsafe buffer.storeBytes(
              of: input[row * rowStride + column],
              toByteOffset: place * width,
              as: Element.self
            )
          }
        }
      }
    }
  }
}

extension Tensor {
  /// The matrix with rows and columns exchanged, without moving data.
  ///
  /// - Throws: ``StateError`` with code `unsupported` when the tensor has not two axes or its elements
  ///   have no fixed width.
  public func transposed() throws -> Tensor {
    guard shape.rank == 2, let width = elementType.byteWidth else {
      throw StateError(
        .unsupported,
        "only a matrix is transposed, not \(elementType.rawValue)\(shape)"
      )
    }
    let (rows, columns) = (shape.dimensions[0], shape.dimensions[1])
    let turned = try Shape([columns, rows])
    let view = TransposedView(self, rows: rows, columns: columns, width: width)
    return try Tensor(elementType, turned, source: view)
  }
}
