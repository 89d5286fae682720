internal import Tensors

/// An entry of an archive's central directory.
struct ZipEntry {
  let name: String
  let nameBytes: [UInt8]
  let flags: UInt16
  let method: UInt16
  let checksum: UInt32
  let storedByteCount: Int
  let byteCount: Int
  let headerOffset: Int

  /// Whether sizes and sum stand behind the content and may be missing before it.
  var hasDescriptor: Bool { flags & 8 != 0 }

  /// Whether it stands for a directory and has no content.
  var isDirectory: Bool { nameBytes.last == UInt8(ascii: "/") }

  /// Deflate writes at least one bit for 258 bytes, so that nothing honest grows more than this.
  private static let greatestRatio = 1032

  /// Takes the next entry of the directory.
  init(_ cursor: inout BlockCursor) throws {
    let start = cursor.offset
    guard try cursor.integer(UInt32.self, "signature of a central entry") == ZipSignature.central
    else {
      throw StateError(.malformed, "an entry of the central directory is damaged", offset: start)
    }
    _ = try cursor.take(4, "versions")
    flags = try cursor.integer(UInt16.self, "flags")
    method = try cursor.integer(UInt16.self, "method")
    _ = try cursor.take(4, "time and date")
    checksum = try cursor.integer(UInt32.self, "CRC-32")
    let stored = try cursor.integer(UInt32.self, "stored size")
    let full = try cursor.integer(UInt32.self, "size")
    let nameLength = Int(try cursor.integer(UInt16.self, "length of the name"))
    let extraLength = Int(try cursor.integer(UInt16.self, "length of the extra field"))
    let commentLength = Int(try cursor.integer(UInt16.self, "length of the comment"))
    let disk = try cursor.integer(UInt16.self, "disk")
    _ = try cursor.take(6, "attributes")
    let header = try cursor.integer(UInt32.self, "offset of the local header")
    nameBytes = Array(try cursor.take(nameLength, "name"))
    name = try ZipName.check(nameBytes, at: start)
    let extra = BlockCursor(try cursor.take(extraLength, "extra field"), base: cursor.offset)
    _ = try cursor.take(commentLength, "comment")
    do {
      var wide = try ZipExtra.wide(in: extra)
      byteCount = try ZipExtra.number(full, "size", from: &wide)
      storedByteCount = try ZipExtra.number(stored, "stored size", from: &wide)
      headerOffset = try ZipExtra.number(header, "offset of the local header", from: &wide)
      try check(disk: disk, at: start)
    } catch let error as StateError {
      throw error.inContext(tensor: name)
    }
  }

  private func check(disk: UInt16, at start: Int) throws {
    guard flags & 0x2041 == 0 else {
      throw StateError(.unsupported, "the member is encrypted", offset: start)
    }
    guard method == 0 || method == 8, flags & 0x20 == 0 else {
      throw StateError(
        .unsupported,
        "the member is compressed by method \(method)",
        offset: start,
        expected: "0 (stored) or 8 (deflated)"
      )
    }
    guard disk == 0 else {
      throw StateError(.unsupported, "an archive of several disks", offset: start)
    }
    if method == 0, storedByteCount != byteCount {
      throw StateError(
        .malformed,
        "a stored member has two sizes",
        offset: start,
        expected: "\(storedByteCount)",
        found: "\(byteCount)"
      )
    }
    if byteCount / Self.greatestRatio > storedByteCount {
      throw StateError(
        .malformed,
        "\(storedByteCount) deflated bytes cannot become \(byteCount)",
        offset: start
      )
    }
    if isDirectory, byteCount != 0 {
      throw StateError(.malformed, "a directory of the archive has content", offset: start)
    }
  }
}
