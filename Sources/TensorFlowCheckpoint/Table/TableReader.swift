internal import ByteIO
internal import Tensors

/// Reads all entries of a table, in order.
struct TableReader {
  /// A key, its value, and where in the file the block lies that holds them.
  struct Entry {
    let key: [UInt8]
    let value: ArraySlice<UInt8>
    let offset: Int
  }

  private let bytes: [UInt8]

  /// Keeps the whole file, whose size has been checked against `Limits/indexBytes`.
  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Whether a file that ends with these bytes may be a table.
  static func isFooter(_ footer: some BidirectionalCollection<UInt8>) -> Bool {
    footer.suffix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) } == TableFormat.magic
  }

  /// Every entry, keys strictly rising.
  ///
  /// - Throws: `StateError` with code `truncated`, `malformed` or `checksumMismatch`.
  func entries() throws -> [Entry] { try contents().entries }

  /// Every entry, keys strictly rising, and whether any block is compressed.
  ///
  /// - Throws: `StateError` with code `truncated`, `malformed` or `checksumMismatch`.
  func contents() throws -> (entries: [Entry], isCompressed: Bool) {
    guard bytes.count >= TableFormat.footerBytes else {
      throw StateError(
        .truncated,
        "the file is too short for a table",
        offset: 0,
        expected: "at least \(TableFormat.footerBytes) bytes",
        found: "\(bytes.count)"
      )
    }
    let footerStart = bytes.count - TableFormat.footerBytes
    guard Self.isFooter(bytes) else {
      throw StateError(
        .malformed,
        "the file does not end with the magic number of a table",
        offset: bytes.count - 8,
        remedy: "it is cut off, or no TensorFlow index"
      )
    }
    var footer = BlockCursor(bytes[footerStart...], base: footerStart)
    _ = try handle(&footer)
    let index = try block(try handle(&footer))
    var isCompressed = index.isCompressed
    var entries: [Entry] = []
    for blockEntry in try Self.entries(in: index.bytes, at: index.offset) {
      var cursor = BlockCursor(blockEntry.value, base: index.offset)
      let data = try block(try handle(&cursor))
      isCompressed = isCompressed || data.isCompressed
      for entry in try Self.entries(in: data.bytes, at: data.offset) {
        if let last = entries.last, !last.key.lexicographicallyPrecedes(entry.key) {
          throw StateError(
            .malformed,
            "a key is repeated or out of order",
            tensor: String(decoding: entry.key, as: UTF8.self),
            offset: data.offset
          )
        }
        guard entries.count < Limits[.tensors] else {
          throw StateError.exceeded(.tensors, "the index has too many entries")
        }
        entries.append(entry)
      }
    }
    return (entries, isCompressed)
  }

  private func handle(_ cursor: inout BlockCursor) throws -> (offset: Int, size: Int) {
    (try cursor.length("block offset"), try cursor.length("block size"))
  }

  /// The contents of a block, its checksum verified.
  private func block(_ handle: (offset: Int, size: Int)) throws -> (
    bytes: ArraySlice<UInt8>, offset: Int, isCompressed: Bool
  ) {
    let end = bytes.count - TableFormat.footerBytes
    guard handle.offset <= end, handle.size <= end - handle.offset,
      TableFormat.trailerBytes <= end - handle.offset - handle.size
    else {
      throw StateError(
        .malformed,
        "a block leaves the file",
        offset: handle.offset,
        expected: "an end before \(end)",
        found: "\(handle.size) bytes"
      )
    }
    let stored = bytes[handle.offset..<handle.offset + handle.size]
    let summed = bytes[handle.offset..<handle.offset + handle.size + 1]
    var trailer = BlockCursor(bytes[stored.endIndex...], base: stored.endIndex)
    let compression = try trailer.integer(UInt8.self, "block type")
    let sum = CRC32C(masked: try trailer.integer(UInt32.self, "block checksum"))
    guard CRC32C.of(summed) == sum else {
      throw StateError(
        .checksumMismatch,
        "a block of the index does not match its CRC-32C",
        offset: handle.offset,
        remedy: "the file is damaged: restore it from a copy"
      )
    }
    switch compression {
    case 0: return (stored, handle.offset, false)
    case 1: return (try Snappy.decompress(stored, at: handle.offset)[...], handle.offset, true)
    default:
      throw StateError(
        .unsupported,
        "a block is compressed in an unknown way",
        offset: stored.endIndex,
        expected: "0 (none) or 1 (snappy)",
        found: "\(compression)"
      )
    }
  }

  /// The entries of one block, prefixes put back.
  private static func entries(in block: ArraySlice<UInt8>, at offset: Int) throws -> [Entry] {
    guard block.count >= 4 else {
      throw StateError(.truncated, "a block has no restart count", offset: offset)
    }
    let restarts = Int(block.suffix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
    guard restarts <= (block.count - 4) / 4 else {
      throw StateError(
        .malformed,
        "a block has more restarts than bytes",
        offset: offset,
        found: "\(restarts)"
      )
    }
    var cursor = BlockCursor(block.dropLast(4 + 4 * restarts), base: offset)
    var key: [UInt8] = []
    var entries: [Entry] = []
    while cursor.remaining > 0 {
      let start = cursor.offset
      let shared = try cursor.length("shared key length")
      let unshared = try cursor.length("key length")
      let valueCount = try cursor.length("value length")
      guard shared <= key.count, unshared <= cursor.remaining else {
        throw StateError(.malformed, "a key's lengths are impossible", offset: start)
      }
      guard shared + unshared <= Limits[.nameBytes] else {
        throw StateError.exceeded(
          .nameBytes,
          "too long a key",
          offset: start,
          found: shared + unshared
        )
      }
      key.removeLast(key.count - shared)
      key += try cursor.take(unshared, "key")
      entries.append(Entry(key: key, value: try cursor.take(valueCount, "value"), offset: start))
    }
    return entries
  }
}
