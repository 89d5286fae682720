internal import ByteIO
internal import Tensors

/// How the bytes of a chunk are stored: compressed or not, with a CRC-32C behind them or not.
struct ZarrCodecs {
  let isBigEndian: Bool
  let isCompressed: Bool
  let hasSum: Bool

  /// The codecs of version 2: at most one compressor, and no filters.
  ///
  /// - Parameters:
  ///   - metadata: The content of `.zarray`.
  ///   - isBigEndian: What the type says.
  /// - Throws: `StateError` with code `unsupported`.
  init(version2 metadata: JSONTree, isBigEndian: Bool) throws {
    self.isBigEndian = isBigEndian
    hasSum = false
    if let filters = metadata["filters"], filters != .null, filters != .array([]) {
      throw StateError(.unsupported, "the array's chunks went through filters")
    }
    switch metadata["compressor"] {
    case nil, .null?: isCompressed = false
    case let compressor?:
      try Self.expect(["zstd"], compressor["id"]?.text)
      isCompressed = true
    }
  }

  /// A chain of version 3: `bytes`, `zstd` where chunks are compressed, `crc32c` where they have a sum.
  ///
  /// - Parameter chain: The codecs.
  /// - Throws: `StateError` with code `unsupported`.
  init(_ chain: [JSONTree]) throws {
    var rest = chain[...]
    guard let first = rest.popFirst() else {
      throw StateError(.malformed, "the array has no codecs")
    }
    try Self.expect(["bytes"], first["name"]?.text)
    isBigEndian = first["configuration"]?["endian"]?.text == "big"
    isCompressed = rest.first?["name"]?.text == "zstd"
    if isCompressed { rest = rest.dropFirst() }
    hasSum = rest.first?["name"]?.text == "crc32c"
    if hasSum { rest = rest.dropFirst() }
    if let other = rest.first { try Self.expect([], other["name"]?.text) }
  }

  private static func expect(_ names: [String], _ found: String?) throws {
    guard let found, names.contains(found) else {
      throw StateError(
        .unsupported,
        "the array's chunks went through a codec that is not known here",
        expected: "bytes, zstd, crc32c or sharding_indexed",
        found: found
      )
    }
  }

  /// The tensor of a chunk.
  ///
  /// - Parameters:
  ///   - stored: The chunk as it is stored.
  ///   - type: Type of its elements.
  ///   - shape: Its shape.
  ///   - spool: Where chunks are inflated to.
  /// - Returns: The tensor.
  /// - Throws: `StateError` with code `malformed` when it has another size.
  func tensor(
    _ stored: StoredBytes,
    _ type: ElementType,
    _ shape: Shape,
    _ spool: InflationSpool
  ) throws -> Tensor {
    var content = stored
    var sum: StoredBytes?
    if hasSum {
      guard stored.count >= 4 else {
        throw StateError(.malformed, "a chunk is too short for its CRC-32C", offset: stored.offset)
      }
      sum = try stored.part(stored.count - 4..<stored.count)
      content = try stored.part(0..<stored.count - 4)
    }
    let byteCount = try shape.byteCount(of: type)
    guard isCompressed || content.count == byteCount else {
      throw StateError(
        .malformed,
        "a chunk has another size than its shape",
        file: stored.path,
        offset: stored.offset,
        expected: "\(byteCount) bytes",
        found: "\(content.count)"
      )
    }
    let plain: any TensorSource =
      isCompressed
      ? ZstdSource(content, byteCount: byteCount, spool: spool) : StoredBytesSource(content)
    let source = sum.map { SummedSource(plain, of: content, sum: $0) } ?? plain
    let tensor = try Tensor(type, shape, source: source)
    return isBigEndian ? try tensor.swappingBytes() : tensor
  }
}
