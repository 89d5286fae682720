internal import Tensors

/// Reads fields from one block of a file, never past its end.
public struct BlockCursor: Sendable {
  private let block: ArraySlice<UInt8>
  private let base: Int
  private var position: Int

  /// Begins at the start of a block.
  ///
  /// - Parameters:
  ///   - block: The bytes.
  ///   - base: Absolute offset of the first byte in its file, for messages.
  public init(_ block: ArraySlice<UInt8>, base: Int) {
    self.block = block
    self.base = base
    position = block.startIndex
  }

  /// Begins at the start of a block.
  ///
  /// - Parameters:
  ///   - block: The bytes.
  ///   - base: Absolute offset of the first byte in its file, for messages.
  public init(_ block: [UInt8], base: Int) {
    self.init(block[...], base: base)
  }

  /// Absolute offset of the next byte.
  public var offset: Int { base + (position - block.startIndex) }

  /// Bytes that are left.
  public var remaining: Int { block.endIndex - position }

  /// Takes the next bytes.
  ///
  /// - Parameters:
  ///   - count: How many.
  ///   - field: What they are, for the message.
  /// - Returns: The bytes.
  /// - Throws: `StateError` with code `truncated` when there are fewer.
  public mutating func take(_ count: Int, _ field: String) throws -> ArraySlice<UInt8> {
    guard count >= 0, count <= remaining else {
      throw StateError(
        .truncated,
        "\(field) does not fit its block",
        offset: offset,
        expected: "\(count) bytes",
        found: "\(remaining)"
      )
    }
    defer { position += count }
    return block[position..<position + count]
  }

  /// Takes a little-endian integer of at most 64 bits.
  ///
  /// - Parameters:
  ///   - type: Its type.
  ///   - field: What it is, for the message.
  /// - Returns: The integer.
  /// - Throws: `StateError` with code `truncated`.
  public mutating func integer<Integer: FixedWidthInteger & UnsignedInteger>(
    _ type: Integer.Type,
    _ field: String
  ) throws -> Integer {
    Integer(truncatingIfNeeded: try word(MemoryLayout<Integer>.size, field))
  }

  /// The work of ``integer(_:_:)``, without generic arithmetic in the loop.
  private mutating func word(_ width: Int, _ field: String) throws -> UInt64 {
    let bytes = try take(width, field)
    var value: UInt64 = 0
    for index in bytes.indices.reversed() { value = value << 8 | UInt64(bytes[index]) }
    return value
  }

  /// Takes an unsigned LEB128 integer of at most 64 bits.
  ///
  /// - Parameter field: What it is, for the message.
  /// - Returns: The integer.
  /// - Throws: `StateError` with code `truncated`, or `malformed` when it has more than 64 bits.
  public mutating func varint(_ field: String) throws -> UInt64 {
    let start = offset
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      let byte = UInt64(try integer(UInt8.self, field))
      let bits = byte & 0x7F
      if shift == 63, bits > 1 { break }
      value |= bits << shift
      if byte < 0x80 { return value }
    }
    throw StateError(.malformed, "\(field) has more than 64 bits", offset: start)
  }

  /// Takes a varint that counts or measures something in memory.
  ///
  /// - Parameter field: What it is, for the message.
  /// - Returns: The number, not negative.
  /// - Throws: `StateError` as ``varint(_:)``, or `malformed` when it exceeds `Int`.
  public mutating func length(_ field: String) throws -> Int {
    let start = offset
    let value = try varint(field)
    guard let length = Int(exactly: value) else {
      throw StateError(.malformed, "\(field) is impossibly large", offset: start, found: "\(value)")
    }
    return length
  }
}
