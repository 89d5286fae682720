internal import ByteIO
internal import SwiftProtobuf
internal import Tensors

/// Writes the files of a V2 checkpoint as TensorFlow's `BundleWriter` does: data densely packed, the
/// index sorted by key.
struct BundleWriter {
  /// A tensor, or a slice of one, that takes a place in a data file.
  struct Piece {
    let key: [UInt8]
    let name: String
    let tensor: Tensor
    var shard: Int
  }

  /// Entries that only list slices, by key.
  typealias Listings = [[UInt8]: BundleEntry]

  private let paths: BundlePaths
  private let shardCount: Int

  init(_ paths: BundlePaths, shardCount: Int) {
    self.paths = paths
    self.shardCount = shardCount
  }

  /// Writes data files and index.
  ///
  /// - Parameters:
  ///   - pieces: In the order in which the data files shall hold them.
  ///   - listings: Entries without data.
  ///   - output: Receives the files, the index last.
  ///   - progress: Told of the bytes done.
  /// - Throws: `StateError` when two tensors share a name, or what copying throws.
  func write(
    _ pieces: [Piece],
    listings: Listings,
    to output: OutputSet,
    progress: TensorPass.Progress?
  ) throws {
    try output.check(paths.index)
    let files = try (0..<shardCount).map { try output.add(paths.data($0, of: shardCount)) }
    var ends = [Int](repeating: 0, count: shardCount)
    var entries = listings
    var streamed: [(key: [UInt8], placement: TensorPass.Placement)] = []
    for piece in pieces {
      var entry = BundleEntry()
      entry.dtype = try piece.tensor.elementType.tensorFlowNumber()
      entry.shape = Self.record(piece.tensor.shape)
      entry.shardID = Int32(piece.shard)
      entry.offset = Int64(ends[piece.shard])
      let file = files[piece.shard]
      if piece.tensor.elementType.byteWidth != nil {
        entry.size = Int64(piece.tensor.byteCount)
        let named = NamedTensor(piece.name, piece.tensor)
        streamed.append((piece.key, .init(named, file: file, offset: ends[piece.shard])))
      } else {
        let (bytes, sum) = try Self.stored(piece)
        try file.write(bytes, at: ends[piece.shard])
        entry.size = Int64(bytes.count)
        entry.crc32C = sum.masked
      }
      ends[piece.shard] += Int(entry.size)
      guard entries.updateValue(entry, forKey: piece.key) == nil else {
        throw StateError(.unsupported, "two tensors would have the same name", tensor: piece.name)
      }
    }
    let sums = try TensorPass.copy(streamed.map(\.placement), progress: progress)
    for (key, sum) in zip(streamed.map(\.key), sums) { entries[key]?.crc32C = sum.masked }
    try output.add(paths.index).write(try index(entries), at: 0)
  }

  private func index(_ entries: Listings) throws -> [UInt8] {
    var header = BundleHeader()
    header.numShards = Int32(shardCount)
    header.version.producer = 1
    var table = TableWriter()
    table.add([], try Self.encode(header))
    for (key, entry) in entries.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      table.add(key, try Self.encode(entry))
    }
    return table.finish()
  }

  /// The stored form of strings and variants, and its sum.
  private static func stored(_ piece: Piece) throws -> (bytes: [UInt8], sum: CRC32C) {
    let tensor = piece.tensor
    let bytes = try TensorPass.verifiedBytes(of: NamedTensor(piece.name, tensor))
    if tensor.elementType == .string {
      return StringCoding.encode(try StringTensor.decode(bytes, count: tensor.shape.elementCount))
    }
    return (bytes, try VariantCoding.sum(bytes, count: tensor.shape.elementCount, at: 0))
  }

  static func record(_ shape: Shape) -> TensorDimensions {
    var record = TensorDimensions()
    record.dim = shape.dimensions.map { size in
      var dimension = TensorDimensions.Dimension()
      dimension.size = Int64(size)
      return dimension
    }
    return record
  }

  private static func encode(_ message: some SwiftProtobuf.Message) throws -> [UInt8] {
    do {
      return try message.serializedBytes()
    } catch {
      throw StateError(.limitExceeded, "a record of the index is too large: \(error)")
    }
  }
}
