internal import Tensors

/// What Python's `msgpack` writes: of several forms of one value always the shortest.
enum MessagePackBytes {
  /// The head of a map.
  static func map(_ count: Int) -> [UInt8] {
    count < 16 ? [0x80 | UInt8(count)] : sized(count, [(0xDE, 2), (0xDF, 4)])
  }

  /// The head of a list.
  static func list(_ count: Int) -> [UInt8] {
    count < 16 ? [0x90 | UInt8(count)] : sized(count, [(0xDC, 2), (0xDD, 4)])
  }

  /// A text.
  static func text(_ text: String) -> [UInt8] {
    let bytes = Array(text.utf8)
    let head =
      bytes.count < 32
      ? [0xA0 | UInt8(bytes.count)] : sized(bytes.count, [(0xD9, 1), (0xDA, 2), (0xDB, 4)])
    return head + bytes
  }

  /// A whole number.
  static func integer(_ value: Int64) -> [UInt8] {
    if -32..<128 ~= value { return [UInt8(truncatingIfNeeded: value)] }
    let bits = UInt64(bitPattern: value)
    if value >= 0 {
      let width = value < 1 << 8 ? 0 : value < 1 << 16 ? 1 : value < 1 << 32 ? 2 : 3
      return [0xCC + UInt8(width)] + bigEndian(bits, 1 << width)
    }
    let width = value >= -1 << 7 ? 0 : value >= -1 << 15 ? 1 : value >= -1 << 31 ? 2 : 3
    return [0xD0 + UInt8(width)] + bigEndian(bits, 1 << width)
  }

  /// What stands before an array's bytes.
  ///
  /// - Throws: `StateError` with code `unsupported` where the array is too large for one piece.
  static func arrayHead(_ type: String, _ shape: Shape, byteCount: Int) throws -> [UInt8] {
    guard byteCount <= chunkBytes else {
      throw StateError(.unsupported, "an array is larger than a piece of a file may be")
    }
    var inside = list(3) + list(shape.rank)
    for size in shape.dimensions { inside += integer(Int64(size)) }
    inside += text(type) + sized(byteCount, [(0xC4, 1), (0xC5, 2), (0xC6, 4)])
    let count = inside.count + byteCount
    let fixed: [Int: UInt8] = [1: 0xD4, 2: 0xD5, 4: 0xD6, 8: 0xD7, 16: 0xD8]
    let head = fixed[count].map { [$0] } ?? sized(count, [(0xC7, 1), (0xC8, 2), (0xC9, 4)])
    return head + [1] + inside
  }

  /// Bytes of an array from which on flax cuts it into pieces: `MAX_CHUNK_SIZE`.
  static let chunkBytes = 1 << 30

  private static func sized(_ count: Int, _ forms: [(tag: UInt8, width: Int)]) -> [UInt8] {
    let form = forms.first { count < 1 << (8 * $0.width) } ?? forms[forms.count - 1]
    return [form.tag] + bigEndian(UInt64(count), form.width)
  }

  private static func bigEndian(_ value: UInt64, _ width: Int) -> [UInt8] {
    (0..<width).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
  }
}
