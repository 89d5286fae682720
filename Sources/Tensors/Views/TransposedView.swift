/// A matrix with rows and columns exchanged.
///
/// A range of the transposed matrix is a strip of columns of the base: the strip is read row by row
/// into scratch memory the size of the range and turned there, so that the base never has to fit.
final class TransposedView: TensorSource {
  private let base: Tensor
  private let rows: Int
  private let columns: Int
  private let width: Int

  init(_ base: Tensor, rows: Int, columns: Int, width: Int) {
    self.base = base
    self.rows = rows
    self.columns = columns
    self.width = width
  }

  var origins: [Tensor] { [base] }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    let rowBytes = rows * width
    let first = offset / rowBytes
    let strip = (offset + buffer.count + rowBytes - 1) / rowBytes - first
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
    let skipped = offset - first * rowBytes
    switch width {
    case 1: unsafe turn(scratch, UInt8.self, strip, buffer, skipped)
    case 2: unsafe turn(scratch, UInt16.self, strip, buffer, skipped)
    case 4: unsafe turn(scratch, UInt32.self, strip, buffer, skipped)
    case 8: unsafe turn(scratch, UInt64.self, strip, buffer, skipped)
    default: unsafe turn(scratch, SIMD2<UInt64>.self, strip, buffer, skipped)
    }
  }

  /// Writes the elements of a strip column by column, leaving out what precedes the wanted range.
  private func turn<Element: BitwiseCopyable>(
    _ scratch: UnsafeMutableRawBufferPointer,
    _: Element.Type,
    _ strip: Int,
    _ buffer: UnsafeMutableRawBufferPointer,
    _ skipped: Int
  ) {
    let total = buffer.count
    guard skipped % width == 0, total % width == 0 else {
      // A range that cuts elements apart: byte by byte, which only tests ask for.
      for byte in 0..<total {
        let element = (skipped + byte) / width
        let from = (element % rows * strip + element / rows) * width + (skipped + byte) % width
        unsafe buffer[byte] = scratch[from]
      }
      return
    }
    let input = unsafe scratch.bindMemory(to: Element.self)
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
              of: input[row * strip + column],
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
