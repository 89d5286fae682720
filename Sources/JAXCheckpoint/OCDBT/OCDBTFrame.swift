internal import ByteIO
internal import Tensors

/// What surrounds a manifest and every node of an OCDBT database: magic number, length, versions and a CRC-32C.
///
/// Source: tensorstore's `kvstore/ocdbt` documentation of the storage format.
enum OCDBTFrame {
  static let manifest: UInt32 = 0x0CDB_3A2A
  static let node: UInt32 = 0x0CDB_20DE

  /// Bytes before the versions.
  private static let headBytes = 12

  /// Runs a body over what a frame holds.
  ///
  /// - Parameters:
  ///   - bytes: The frame.
  ///   - offset: Where it lies in its file.
  ///   - magic: The number that it has to begin with.
  ///   - limit: Bytes that it may hold at most.
  ///   - body: Reads the content, all of it.
  /// - Returns: What the body returns.
  /// - Throws: `StateError` with code `malformed`, `checksumMismatch`, `unsupported` or `limitExceeded`.
  static func read<Result>(
    _ bytes: [UInt8],
    at offset: Int,
    magic: UInt32,
    limit: Int,
    _ body: (inout BlockCursor) throws -> Result
  ) throws -> Result {
    var head = BlockCursor(bytes, base: offset)
    let found = try head.take(4, "the magic number").reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    guard found == magic else {
      throw StateError(
        .malformed,
        "no part of an OCDBT database begins here",
        offset: offset,
        expected: String(magic, radix: 16),
        found: String(found, radix: 16)
      )
    }
    let length = try head.integer(UInt64.self, "the length")
    guard length == UInt64(bytes.count), bytes.count >= headBytes + 4 else {
      throw StateError(
        .malformed,
        "a part of an OCDBT database has another length than it says",
        offset: offset + 4,
        expected: "\(bytes.count)",
        found: "\(length)"
      )
    }
    var tail = BlockCursor(bytes.suffix(4), base: offset + bytes.count - 4)
    let sum = try tail.integer(UInt32.self, "the checksum")
    let actual = CRC32C.of(bytes.dropLast(4)).value
    guard sum == actual else {
      throw StateError(
        .checksumMismatch,
        "a part of an OCDBT database does not match its CRC-32C",
        offset: offset,
        expected: "0x" + String(sum, radix: 16),
        found: "0x" + String(actual, radix: 16),
        remedy: "the file is damaged: restore it from a copy"
      )
    }
    var cursor = BlockCursor(bytes[headBytes..<bytes.count - 4], base: offset + headBytes)
    let version = try cursor.varint("the version")
    let compression = try cursor.varint("the compression")
    guard version == 0, compression <= 1 else {
      throw StateError(
        .unsupported,
        "the OCDBT database is of a version or a compression that is not known",
        offset: offset + headBytes,
        expected: "version 0, compression 0 or 1",
        found: "version \(version), compression \(compression)"
      )
    }
    if compression == 0 { return try all(&cursor, body) }
    let start = cursor.offset
    let frame = Array(try cursor.take(cursor.remaining, "the content"))
    var content = BlockCursor(try Zstd.decompress(frame, at: start, limit: limit), base: 0)
    do {
      return try all(&content, body)
    } catch var error as StateError {
      // What was inflated has no offsets in the file.
      error.offset = start
      throw error
    }
  }

  private static func all<Result>(
    _ cursor: inout BlockCursor,
    _ body: (inout BlockCursor) throws -> Result
  ) throws -> Result {
    let result = try body(&cursor)
    guard cursor.remaining == 0 else {
      throw StateError(
        .malformed,
        "bytes follow the content of a part of an OCDBT database",
        offset: cursor.offset,
        found: "\(cursor.remaining) bytes"
      )
    }
    return result
  }
}

extension BlockCursor {
  /// Takes a column: a number for each of some entries.
  ///
  /// - Parameters:
  ///   - count: How many entries there are.
  ///   - field: What the numbers are.
  /// - Returns: The numbers.
  /// - Throws: `StateError` with code `truncated` or `malformed`.
  mutating func column(_ count: Int, _ field: String) throws -> [Int] {
    // Each takes a byte at least: what cannot be there is not made room for.
    guard count >= 0, count <= remaining else {
      throw StateError(
        .truncated,
        "\(field) do not fit their block",
        offset: offset,
        expected: "\(count) numbers",
        found: "\(remaining) bytes"
      )
    }
    var numbers: [Int] = []
    numbers.reserveCapacity(count)
    for _ in 0..<count { numbers.append(try length(field)) }
    return numbers
  }
}
