internal import ByteIO
internal import SwiftProtobuf
internal import Tensors

/// Reads the index of a V2 checkpoint into handles on its tensors.
struct BundleReader {
  /// A tensor, and where its data lies.
  struct Item {
    let name: String
    let tensor: Tensor
    let placements: [Placement]
  }

  /// Where the data of a tensor, or of one slice of it, lies.
  struct Placement {
    let shard: Int
    let offset: Int
    let size: Int
    let extents: [SliceExtent]?
  }

  let paths: BundlePaths
  /// Keys of the entries in the table's order.
  private let keys: [[UInt8]]
  private let entries: [BundleEntry]
  /// Numbers of the entries of slices, which have keys of their own: they begin with the byte that no name begins with.
  private let slices: [[UInt8]: Int]
  private let shards: Shards

  /// Number of data files.
  let shardCount: Int

  /// Whether the index is compressed.
  let isCompressed: Bool

  init(_ paths: BundlePaths) throws {
    let index = try PositionalFile.contents(of: paths.index, within: .indexBytes, "the index")
    try self.init(paths, index: index)
  }

  /// Reads an index that is in memory; its data files are where the paths say.
  init(_ paths: BundlePaths, index: [UInt8]) throws {
    self.paths = paths
    do {
      let (table, isCompressed) = try TableReader(index).contents()
      self.isCompressed = isCompressed
      guard let first = table.first, first.key.isEmpty else {
        throw StateError(.malformed, "the index has no header entry", offset: 0)
      }
      shardCount = try Self.shardCount(first)
      let keys = table.dropFirst().map(\.key)
      entries = try table.dropFirst().map { try Self.decode($0, BundleEntry.self) }
      let cut = keys.indices.filter { keys[$0].first == 0 }
      self.keys = keys
      slices = Dictionary(cut.map { (keys[$0], $0) }, uniquingKeysWith: { $1 })
      shards = Shards(paths, count: shardCount)
      for shard in 0..<shardCount { InputTrace.note(paths.data(shard, of: shardCount)) }
    } catch let error as StateError {
      throw error.inContext(file: paths.index)
    }
  }

  /// All tensors, slices put together, in the order in which the data files hold them.
  func items() throws -> [Item] {
    var items: [Item] = []
    items.reserveCapacity(keys.count - slices.count)
    for (key, entry) in zip(keys, entries) where key.first != 0 {
      guard let name = String(validating: key, as: UTF8.self), !key.contains(0) else {
        throw StateError(
          .unsupported,
          "a tensor's name is not valid UTF-8",
          file: paths.index,
          tensor: String(decoding: key, as: UTF8.self)
        )
      }
      do {
        items.append(try item(name, entry))
      } catch let error as StateError {
        throw error.inContext(file: paths.index, tensor: name)
      }
    }
    let sliceCount = items.reduce(0) { $0 + $1.placements.count { $0.extents != nil } }
    guard sliceCount == slices.count else {
      throw StateError(
        .malformed,
        "the index holds slices that belong to no tensor",
        file: paths.index,
        expected: "\(sliceCount)",
        found: "\(slices.count)"
      )
    }
    try checkTotal(of: items)
    let positions = items.map(Self.position)
    return items.indices.sorted { positions[$0] < positions[$1] }.map { items[$0] }
  }

  /// Entries may name the same bytes, but not so often that reading all of them would take for ever.
  private func checkTotal(of items: [Item]) throws {
    var stored = 0
    for shard in Set(items.flatMap { $0.placements.map(\.shard) }) {
      stored = Self.sum(stored, try shards.file(shard).size)
    }
    let declared = items.lazy.flatMap(\.placements).reduce(0) { Self.sum($0, $1.size) }
    let shared = stored.multipliedReportingOverflow(by: Limits[.sharing])
    let allowed = Self.sum(shared.overflow ? .max : shared.partialValue, 1 << 20)
    guard declared <= allowed else {
      throw StateError.exceeded(
        .sharing,
        "the tensors take \(declared) bytes of data files of \(stored): the same ones over and over",
        file: paths.index
      )
    }
  }

  private static func sum(_ one: Int, _ other: Int) -> Int {
    let (sum, overflow) = one.addingReportingOverflow(other)
    return overflow ? .max : sum
  }

  private static func position(_ item: Item) -> (Int, Int, Int) {
    item.placements.map { ($0.shard, $0.offset, $0.size) }.min { $0 < $1 } ?? (0, 0, 0)
  }

  private func item(_ name: String, _ entry: BundleEntry) throws -> Item {
    let type = try ElementType(tensorFlow: entry.dtype)
    let shape = try Self.shape(entry)
    if entry.slices.isEmpty {
      let tensor = try tensor(entry, type, shape)
      return Item(name: name, tensor: tensor, placements: [try placement(entry, extents: nil)])
    }
    var parts: [(block: TensorBlock, tensor: Tensor)] = []
    var placements: [Placement] = []
    for slice in entry.slices {
      let extents = try slice.extent.map(SliceExtent.init)
      guard let part = slices[OrderedCode.sliceKey(name, extents)].map({ entries[$0] }) else {
        throw StateError(.malformed, "the slice \(extents.text) is listed but has no entry")
      }
      guard part.slices.isEmpty else {
        throw StateError(.malformed, "the slice \(extents.text) is cut into slices itself")
      }
      let partType = try ElementType(tensorFlow: part.dtype)
      let block = try extents.block(in: shape)
      parts.append((block, try tensor(part, partType, try Self.shape(part))))
      placements.append(try placement(part, extents: extents))
    }
    let whole = try Tensor.assemble(type, shape, from: parts)
    return Item(name: name, tensor: whole, placements: placements)
  }

  private func placement(_ entry: BundleEntry, extents: [SliceExtent]?) throws -> Placement {
    guard entry.shardID >= 0, Int(entry.shardID) < shardCount,
      let offset = Int(exactly: entry.offset),
      let size = Int(exactly: entry.size), offset >= 0, size >= 0
    else {
      throw StateError(
        .malformed,
        "the entry's place is impossible",
        found: "shard \(entry.shardID) of \(shardCount), offset \(entry.offset), size \(entry.size)"
      )
    }
    return Placement(shard: Int(entry.shardID), offset: offset, size: size, extents: extents)
  }

  /// A handle on the data of an entry, its place checked against the file that is really there.
  private func tensor(_ entry: BundleEntry, _ type: ElementType, _ shape: Shape) throws -> Tensor {
    let place = try placement(entry, extents: nil)
    let (file, fileSize) = try shards.file(place.shard)
    do {
      guard place.offset <= fileSize, place.size <= fileSize - place.offset else {
        throw StateError(
          .truncated,
          "the data ends before the tensor does",
          offset: place.offset,
          expected: "\(place.size) bytes",
          found: "\(max(0, fileSize - place.offset))"
        )
      }
      let sum = CRC32C(masked: entry.crc32C)
      if type.byteWidth != nil {
        let expected = try shape.byteCount(of: type)
        guard expected == place.size else {
          throw StateError(
            .malformed,
            "the entry's size does not fit \(type.rawValue)\(shape)",
            offset: place.offset,
            expected: "\(expected) bytes",
            found: "\(place.size)"
          )
        }
        return try Tensor(
          type,
          shape,
          checksum: sum.value,
          source: FileSource(file, at: place.offset)
        )
      }
      guard place.size <= Limits[.stringBytes] else {
        throw StateError.exceeded(
          .stringBytes,
          "the tensor's \(type.rawValue)s are too long",
          found: place.size
        )
      }
      let source = StoredElements(file: file, place: place, type: type, shape: shape, sum: sum)
      // Nobody reads the bytes of an empty tensor, yet its sum is on record.
      if shape.elementCount == 0 { _ = try source.verifiedBytes() }
      let byteCount = type == .string ? try stringBytes(place, shape) : place.size
      return Tensor(type, shape, byteCount: byteCount, source: source)
    } catch let error as StateError {
      throw error.inContext(file: file.path)
    }
  }

  /// Bytes of a string tensor in the hub's layout, from its stored size alone: the lengths change
  /// from varints to eight bytes each, which takes reading them.
  private func stringBytes(_ place: Placement, _ shape: Shape) throws -> Int {
    let (file, _) = try shards.file(place.shard)
    // The lengths come first; no more than ten bytes each.
    let head = min(place.size, shape.elementCount.multipliedReportingOverflow(by: 10).partialValue)
    guard shape.elementCount <= place.size else {
      throw StateError(
        .malformed,
        "a string tensor has more elements than bytes",
        offset: place.offset,
        found: "\(shape.elementCount)"
      )
    }
    var cursor = BlockCursor(
      try file.bytes(at: place.offset, count: max(head, 0)),
      base: place.offset
    )
    let start = cursor.remaining
    for _ in 0..<shape.elementCount { _ = try cursor.length("string length") }
    let rest = place.size - (start - cursor.remaining) - 4
    guard rest >= 0 else {
      throw StateError(.truncated, "a string tensor ends within its lengths", offset: place.offset)
    }
    return rest + 8 * shape.elementCount
  }

  private static func shape(_ entry: BundleEntry) throws -> Shape {
    guard !entry.shape.unknownRank else {
      throw StateError(.malformed, "a stored tensor has no rank")
    }
    return try Shape(
      entry.shape.dim.map { dimension in
        guard let size = Int(exactly: dimension.size) else {
          throw StateError(.malformed, "a dimension is impossible", found: "\(dimension.size)")
        }
        return size
      }
    )
  }

  private static func shardCount(_ entry: TableReader.Entry) throws -> Int {
    let header = try decode(entry, BundleHeader.self)
    guard header.endianness == 0 else {
      throw StateError(
        .unsupported,
        "the checkpoint is big-endian",
        expected: "little-endian data",
        remedy: "load it with TensorFlow on this machine and save it again"
      )
    }
    guard header.version.minConsumer <= 1, !header.version.badConsumers.contains(1) else {
      throw StateError(
        .unsupported,
        "the checkpoint asks for a newer reader",
        expected: "version 1",
        found: "at least \(header.version.minConsumer)"
      )
    }
    // Five digits number the data files.
    guard (0...99_999).contains(header.numShards) else {
      throw StateError(
        .malformed,
        "the number of data files is impossible",
        found: "\(header.numShards)"
      )
    }
    return Int(header.numShards)
  }

  private static func decode<Record: SwiftProtobuf.Message>(
    _ entry: TableReader.Entry,
    _: Record.Type
  ) throws -> Record {
    do {
      return try Record(serializedBytes: Array(entry.value))
    } catch {
      throw StateError(
        .malformed,
        "a record of the index cannot be decoded",
        tensor: String(decoding: entry.key, as: UTF8.self),
        offset: entry.offset
      )
    }
  }
}
