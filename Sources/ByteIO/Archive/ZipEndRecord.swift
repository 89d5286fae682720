internal import Tensors

/// Where the central directory of an archive lies, from the record at the archive's end.
struct ZipEndRecord {
  /// Members of the archive.
  let count: Int

  /// Absolute offset of the central directory.
  let offset: Int

  /// Bytes of the central directory.
  let byteCount: Int

  /// Bytes of the record, without a comment.
  static let length = 22

  private static let locatorLength = 20
  private static let wideLength = 56

  /// Finds and checks the record.
  init(_ file: PositionalFile) throws {
    let size = try file.size()
    // A comment of at most 65,535 bytes may follow the record.
    let count = min(size, Self.length + 0xFFFF)
    let tail = try file.bytes(at: size - count, count: count)
    guard let start = Self.position(in: tail) else {
      throw StateError(
        .malformed,
        "the archive has no end record",
        offset: max(0, size - Self.length),
        expected: "PK 05 06",
        remedy: "the file is cut off: fetch it again"
      )
    }
    let position = size - count + start
    var cursor = BlockCursor(tail[(start + 4)...], base: position + 4)
    let disk = try cursor.integer(UInt16.self, "disk number")
    let firstDisk = try cursor.integer(UInt16.self, "disk of the central directory")
    let here = try cursor.integer(UInt16.self, "entries on this disk")
    let total = try cursor.integer(UInt16.self, "entries")
    let bytes = try cursor.integer(UInt32.self, "size of the central directory")
    let offset = try cursor.integer(UInt32.self, "offset of the central directory")
    var fields = (
      total: UInt64(total), bytes: UInt64(bytes), offset: UInt64(offset), end: position
    )
    if let wide = try Self.wide(file, before: position) {
      let agrees =
        (total == ZipSignature.wide16 || UInt64(total) == wide.total)
        && (bytes == ZipSignature.wide32 || UInt64(bytes) == wide.bytes)
        && (offset == ZipSignature.wide32 || UInt64(offset) == wide.offset)
      guard agrees else {
        throw StateError(
          .malformed,
          "the archive's two end records contradict each other",
          offset: position
        )
      }
      fields = wide
    } else if disk != 0 || firstDisk != 0 || here != total {
      throw StateError(.unsupported, "an archive of several disks", offset: position)
    }
    guard let members = Int(exactly: fields.total), let directory = Int(exactly: fields.offset),
      let length = Int(exactly: fields.bytes), directory <= fields.end,
      length == fields.end - directory
    else {
      throw StateError(
        .malformed,
        "the central directory does not lie before the archive's end record",
        offset: position,
        expected: "an end at \(fields.end)",
        found: "\(fields.bytes) bytes from \(fields.offset)"
      )
    }
    guard members <= Limits[.tensors] else {
      throw StateError.exceeded(
        .tensors,
        "an archive of too many members",
        offset: position,
        found: members
      )
    }
    guard length <= Limits[.indexBytes] else {
      throw StateError.exceeded(
        .indexBytes,
        "the central directory is too large",
        offset: position,
        found: length
      )
    }
    self.count = members
    self.offset = directory
    byteCount = length
  }

  /// The record's place: its comment must end with the file.
  private static func position(in tail: [UInt8]) -> Int? {
    for start in stride(from: tail.count - length, through: 0, by: -1)
    where tail[start] == 0x50 && tail[start + 1] == 0x4B && tail[start + 2] == 5
      && tail[start + 3] == 6
    {
      let comment = Int(tail[start + 20]) | Int(tail[start + 21]) << 8
      if start + length + comment == tail.count { return start }
    }
    return nil
  }

  /// The zip64 record, `nil` where no locator stands before the end record.
  private static func wide(
    _ file: PositionalFile,
    before end: Int
  ) throws -> (total: UInt64, bytes: UInt64, offset: UInt64, end: Int)? {
    guard end >= locatorLength else { return nil }
    let position = end - locatorLength
    var locator = BlockCursor(
      try file.bytes(at: position, count: locatorLength),
      base: position
    )
    guard try locator.integer(UInt32.self, "signature") == ZipSignature.locator64 else {
      return nil
    }
    let disk = try locator.integer(UInt32.self, "disk of the zip64 record")
    let start = try locator.integer(UInt64.self, "offset of the zip64 record")
    let disks = try locator.integer(UInt32.self, "disks")
    guard disk == 0, disks <= 1 else {
      throw StateError(.unsupported, "an archive of several disks", offset: position)
    }
    guard position >= wideLength, let place = Int(exactly: start), place == position - wideLength
    else {
      throw StateError(
        .malformed,
        "the zip64 record does not stand before its locator",
        offset: position,
        expected: "\(position - wideLength)",
        found: "\(start)"
      )
    }
    var cursor = BlockCursor(try file.bytes(at: place, count: wideLength), base: place)
    let signature = try cursor.integer(UInt32.self, "signature")
    let length = try cursor.integer(UInt64.self, "size of the zip64 record")
    guard signature == ZipSignature.end64, length == UInt64(wideLength - 12) else {
      throw StateError(.malformed, "the zip64 record is damaged", offset: place)
    }
    _ = try cursor.take(4, "versions")
    let disksAreZero = try cursor.take(8, "disk numbers").allSatisfy { $0 == 0 }
    let here = try cursor.integer(UInt64.self, "entries on this disk")
    let total = try cursor.integer(UInt64.self, "entries")
    guard disksAreZero, here == total else {
      throw StateError(.unsupported, "an archive of several disks", offset: place)
    }
    let bytes = try cursor.integer(UInt64.self, "size of the central directory")
    let offset = try cursor.integer(UInt64.self, "offset of the central directory")
    return (total, bytes, offset, place)
  }
}
