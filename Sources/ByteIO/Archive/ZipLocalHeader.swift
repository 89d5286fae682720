internal import Tensors

/// The header before a member's content, compared with the entry of the central directory.
struct ZipLocalHeader {
  /// Absolute offset of the content.
  let contentOffset: Int

  /// Absolute offset of what follows the member.
  let end: Int

  private static let length = 30

  /// Reads and compares.
  ///
  /// - Parameters:
  ///   - entry: What the central directory says.
  ///   - file: The archive.
  ///   - limit: Where the central directory begins.
  /// - Throws: `StateError` with code `malformed` or `truncated`.
  init(of entry: ZipEntry, in file: inout ReadAhead, before limit: Int) throws {
    let start = entry.headerOffset
    // Of a long extra field only the beginning can matter.
    let available = min(Self.length + entry.nameBytes.count + 64, limit - start)
    guard start <= limit, available >= Self.length else {
      throw StateError(
        .malformed,
        "the local header lies outside the archive",
        offset: start,
        expected: "before \(limit)"
      )
    }
    var cursor = BlockCursor(try file.bytes(at: start, count: available), base: start)
    guard try cursor.integer(UInt32.self, "signature") == ZipSignature.local else {
      throw StateError(.malformed, "there is no local header", offset: start, expected: "PK 03 04")
    }
    _ = try cursor.take(2, "version")
    let flags = try cursor.integer(UInt16.self, "flags")
    let method = try cursor.integer(UInt16.self, "method")
    _ = try cursor.take(4, "time and date")
    let checksum = try cursor.integer(UInt32.self, "CRC-32")
    let stored = try cursor.integer(UInt32.self, "stored size")
    let full = try cursor.integer(UInt32.self, "size")
    let nameLength = Int(try cursor.integer(UInt16.self, "length of the name"))
    let extraLength = Int(try cursor.integer(UInt16.self, "length of the extra field"))
    guard nameLength == entry.nameBytes.count, flags & 0x2069 == entry.flags & 0x2069,
      method == entry.method, Array(try cursor.take(nameLength, "name")) == entry.nameBytes
    else {
      throw StateError(
        .malformed,
        "the local header and the central directory contradict each other",
        offset: start
      )
    }
    let content = start + Self.length + nameLength + extraLength
    guard content <= limit, entry.storedByteCount <= limit - content else {
      throw StateError(
        .malformed,
        "the member's content leaves the archive",
        offset: content,
        expected: "an end before \(limit)",
        found: "\(entry.storedByteCount) bytes"
      )
    }
    contentOffset = content
    let contentEnd = content + entry.storedByteCount
    guard !entry.hasDescriptor else {
      end = try Self.descriptorEnd(entry, &file, at: contentEnd, before: limit)
      return
    }
    end = contentEnd
    let extra = try cursor.take(min(extraLength, cursor.remaining), "extra field")
    var wide =
      stored == ZipSignature.wide32 || full == ZipSignature.wide32
      ? try ZipExtra.wide(in: BlockCursor(extra, base: content - extraLength)) : nil
    guard try ZipExtra.number(full, "size", from: &wide) == entry.byteCount,
      try ZipExtra.number(stored, "stored size", from: &wide) == entry.storedByteCount,
      checksum == entry.checksum
    else {
      throw StateError(
        .malformed,
        "the local header and the central directory disagree on size or CRC-32",
        offset: start
      )
    }
  }

  /// Checks the descriptor behind a content: sum and both sizes, 32 or 64 bits wide, with or without a
  /// signature.
  private static func descriptorEnd(
    _ entry: ZipEntry,
    _ file: inout ReadAhead,
    at offset: Int,
    before limit: Int
  ) throws -> Int {
    let bytes = Array(try file.bytes(at: offset, count: min(24, limit - offset)))
    func matches(_ start: Int, _ width: Int) -> Bool {
      func number(_ place: Int, _ width: Int) -> UInt64 {
        (0..<width).reversed().reduce(0) { $0 << 8 | UInt64(bytes[place + $1]) }
      }
      guard bytes.count >= start + 4 + 2 * width else { return false }
      return number(start, 4) == UInt64(entry.checksum)
        && number(start + 4, width) == UInt64(entry.storedByteCount)
        && number(start + 4 + width, width) == UInt64(entry.byteCount)
    }
    let isSigned = bytes.count >= 4 && bytes[..<4] == [0x50, 0x4B, 7, 8]
    for start in isSigned ? [4, 0] : [0] {
      for width in [4, 8] where matches(start, width) { return offset + start + 4 + 2 * width }
    }
    throw StateError(
      .malformed,
      "the descriptor behind the member and the central directory contradict each other",
      offset: offset
    )
  }
}
