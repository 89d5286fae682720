internal import ByteIO
internal import Tensors

/// Version 3's codec `sharding_indexed`: a chunk that holds smaller ones, and an index of where they lie.
struct ZarrShards {
  /// Elements of an inner chunk along each axis.
  let innerShape: [Int]

  /// How the inner chunks are stored.
  let codecs: ZarrCodecs

  /// Inner chunks of a shard along each axis.
  let grid: [Int]

  private let count: Int
  private let isIndexFirst: Bool

  /// Reads the codec's configuration.
  ///
  /// - Parameters:
  ///   - configuration: The configuration.
  ///   - shape: Elements of a shard along each axis.
  /// - Throws: `StateError` with code `malformed` or `unsupported`.
  init(_ configuration: JSONTree, in shape: [Int]) throws {
    let inner = try ZarrNumbers.sizes(configuration["chunk_shape"], "chunk_shape")
    guard inner.count == shape.count, zip(shape, inner).allSatisfy({ $1 > 0 && $0 % $1 == 0 })
    else {
      throw StateError(
        .malformed,
        "the chunks inside a shard do not fit it",
        expected: "parts of \(shape)",
        found: "\(inner)"
      )
    }
    innerShape = inner
    grid = zip(shape, inner).map { $0 / $1 }
    count = try Shape(grid).elementCount
    codecs = try ZarrCodecs(configuration["codecs"]?.elements ?? [])
    let index = (configuration["index_codecs"]?.elements ?? []).map { $0["name"]?.text }
    guard index == ["bytes", "crc32c"],
      configuration["index_codecs"]?.elements?.first?["configuration"]?["endian"]?.text != "big"
    else {
      throw StateError(
        .unsupported,
        "the index of a shard is stored in a way that is not known here",
        expected: "bytes, crc32c"
      )
    }
    isIndexFirst = configuration["index_location"]?.text == "start"
  }

  /// The inner chunks of a shard in row-major order, `nil` for one that is absent.
  ///
  /// - Parameter shard: The shard as it is stored.
  /// - Returns: The chunks.
  /// - Throws: `StateError` with code `malformed`, or `checksumMismatch` where the index is damaged.
  func chunks(of shard: StoredBytes) throws -> [StoredBytes?] {
    let (entries, overflow) = count.multipliedReportingOverflow(by: 16)
    guard !overflow, entries <= shard.count - 4 else {
      throw StateError(
        .malformed,
        "a shard is too short for the index of its chunks",
        file: shard.path,
        offset: shard.offset,
        expected: "\(count) entries",
        found: "\(shard.count) bytes"
      )
    }
    let start = isIndexFirst ? 0 : shard.count - entries - 4
    let index = try shard.part(start..<start + entries)
    let bytes = try index.bytes(within: .headerBytes, "the index of a shard")
    let sum = try ChunkSum.value(try shard.part(start + entries..<start + entries + 4))
    let found = CRC32C.of(bytes).value
    guard found == sum else { throw ChunkSum.mismatch(index, sum, found) }
    let room = isIndexFirst ? entries + 4..<shard.count : 0..<start
    var cursor = BlockCursor(bytes, base: index.offset)
    let ranges = try (0..<count).map { _ -> Range<Int>? in
      let place = cursor.offset
      let offset = try cursor.integer(UInt64.self, "an offset")
      let length = try cursor.integer(UInt64.self, "a length")
      if offset == .max, length == .max { return nil }
      let (end, overflow) = offset.addingReportingOverflow(length)
      guard !overflow, offset >= UInt64(room.lowerBound), end <= UInt64(room.upperBound) else {
        throw StateError(
          .malformed,
          "a chunk lies outside of its shard",
          file: shard.path,
          offset: place,
          expected: "within \(room)",
          found: "\(offset), \(length) bytes"
        )
      }
      return Int(offset)..<Int(end)
    }
    let sorted = ranges.compactMap(\.self).sorted { $0.lowerBound < $1.lowerBound }
    for (one, next) in zip(sorted, sorted.dropFirst()) where next.lowerBound < one.upperBound {
      throw StateError(
        .malformed,
        "two chunks of a shard overlap",
        file: shard.path,
        offset: shard.offset + next.lowerBound
      )
    }
    return try ranges.map { try $0.map { try shard.part($0) } }
  }
}
