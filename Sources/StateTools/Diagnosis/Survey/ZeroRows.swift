/// Rows of two moments that are zero in every element, counted piece by piece.
struct ZeroRows: Sendable {
  /// Rows that are zero from end to end.
  private(set) var count = 0

  /// Elements of a row, 0 where there are no rows.
  let rowLength: Int
  /// Elements of the row that a piece begins in the middle of, and whether all are zero.
  private var head: (count: Int, isZero: Bool)?
  /// Elements of the row that a piece ends in the middle of.
  private var tail: (count: Int, isZero: Bool) = (0, true)

  init(rowLength: Int) {
    self.rowLength = rowLength
  }

  /// Looks at a piece of two moments.
  init(
    _ m: UnsafeRawBufferPointer,
    _ v: UnsafeRawBufferPointer,
    first: Int,
    rowLength: Int
  ) {
    self.rowLength = rowLength
    guard rowLength > 0 else { return }
    let width = MemoryLayout<Float>.size
    let total = min(m.count, v.count) / width
    var position = 0
    while position < total {
      let inRow = (first + position) % rowLength
      let end = min(total, position + rowLength - inRow)
      let range = position * width..<end * width
      let isZero =
        unsafe Self.isZero(UnsafeRawBufferPointer(rebasing: m[range]))
        && Self.isZero(UnsafeRawBufferPointer(rebasing: v[range]))
      if inRow > 0 {
        head = (end - position, isZero)
      } else if end - position == rowLength {
        count += isZero ? 1 : 0
      } else {
        tail = (end - position, isZero)
      }
      position = end
    }
  }

  /// Adds the piece that follows.
  mutating func add(_ next: ZeroRows) {
    count += next.count
    if let head = next.head {
      tail = (tail.count + head.count, tail.isZero && head.isZero)
      if tail.count == rowLength {
        count += tail.isZero ? 1 : 0
        tail = (0, true)
      }
      if next.tail.count == 0 { return }
    }
    tail = next.tail
  }

  /// Whether all bits but those of signs are zero.
  private static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
    for offset in stride(from: 0, to: bytes.count, by: 4) {
      if unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self) << 1 != 0 {
        return false
      }
    }
    return true
  }
}
