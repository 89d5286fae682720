internal import ByteIO
internal import PyTorchCheckpoint
internal import Tensors
internal import TorchContainer
internal import TrainingState

/// Where the items of a checkpoint go: one file for each rank, and the metadata.
///
/// Tensors are cut along their first axis as FSDP cuts them, so that every rank has as many rows as the first
/// or fewer; what cannot be cut goes to the first rank. Chunks without rows are not written.
struct DistributedLayout {
  private let items: [SavedDictionary.Item]
  private let nodes: TorchNodes
  private let ranks: Int

  /// What lies in a range of a file.
  private struct Entry {
    let item: Int
    let block: TensorBlock?
    let range: Range<Int>
    let file: String
  }

  init(_ items: [SavedDictionary.Item], _ nodes: TorchNodes, ranks: Int) {
    self.items = items
    self.nodes = nodes
    self.ranks = ranks
  }

  /// Makes the files and writes the metadata.
  ///
  /// - Parameters:
  ///   - output: The directory.
  ///   - folder: The path in it, empty or with `/` at its end.
  /// - Returns: What writes the items, each an archive.
  /// - Throws: `StateError` with code `unsupported` when torch has no such elements.
  func place(in output: OutputDirectory, at folder: String) throws -> [ZipWriter] {
    var writers: [ZipWriter] = []
    var entries: [Entry] = []
    for rank in 0..<ranks {
      let name = "__\(rank)_0.distcp"
      var file: PositionalFile?
      var end = 0
      for (item, block) in try share(of: rank) {
        let own = try file ?? output.add(folder + name)
        file = own
        if case .archive(let bytes) = items[item].content {
          // Its bytes are few: what was an object of a class that is not known here.
          let content = try TensorPass.verifiedBytes(of: NamedTensor(items[item].name, bytes))
          try own.write(content, at: end)
          entries.append(
            Entry(item: item, block: nil, range: end..<end + content.count, file: name)
          )
          end += content.count
          continue
        }
        let writer = try archive(items[item], block, own.written(from: end))
        let range = end..<end + writer.byteCount
        entries.append(Entry(item: item, block: block, range: range, file: name))
        writers.append(writer)
        end = range.upperBound
      }
    }
    try output.add(folder + MetadataFile.name)
      .write(PickleWriter.encode(try metadata(entries)), at: 0)
    return writers
  }

  /// The items and chunks of a rank, objects first as torch writes them.
  private func share(of rank: Int) throws -> [(item: Int, block: TensorBlock?)] {
    var objects: [(item: Int, block: TensorBlock?)] = []
    var chunks: [(item: Int, block: TensorBlock?)] = []
    for (index, item) in items.enumerated() {
      guard case .tensor(let tensor) = item.content else {
        if rank == 0 { objects.append((index, nil)) }
        continue
      }
      let sizes = tensor.shape.dimensions
      guard let rows = sizes.first, tensor.shape.elementCount > 0 else {
        if rank == 0 {
          let block = try TensorBlock(
            starts: sizes.map { _ in 0 },
            lengths: sizes,
            in: tensor.shape
          )
          chunks.append((index, block))
        }
        continue
      }
      let full = (rows + ranks - 1) / ranks
      let start = min(rank.multipliedReportingOverflow(by: full).partialValue, rows)
      let count = min(full, rows - start)
      if count == 0 { continue }
      let block = try TensorBlock(
        starts: [start] + sizes.dropFirst().map { _ in 0 },
        lengths: [count] + sizes.dropFirst(),
        in: tensor.shape
      )
      chunks.append((index, block))
    }
    return objects + chunks
  }

  /// The archive of an item or chunk, as `torch.save` makes it.
  private func archive(
    _ item: SavedDictionary.Item,
    _ block: TensorBlock?,
    _ file: PositionalFile
  ) throws -> ZipWriter {
    let tree: PickleValue
    let tensors: [StoragePlan.Node]
    switch item.content {
    case .tensor(let whole):
      let tensor = try block.map { try whole.slice($0) } ?? whole
      let object = nodes.tensor()
      tree = .object(object)
      tensors = [StoragePlan.Node(name: item.name, object: object, tensor: tensor)]
    case .object(let value, let own):
      (tree, tensors) = (value, own)
      shortenKeys(in: value, of: item.name)
    case .archive: (tree, tensors) = (.none, [])
    }
    let plan = try StoragePlan(tensors, bases: [:], nodes: nodes)
    let writer = ZipWriter(file, layout: .pytorch)
    for (name, content) in TorchLayout.standard {
      switch name {
      case TorchRecord.storages:
        for storage in plan.storages(of: tree, keepingUnmentioned: false) {
          try writer.add("archive/data/\(storage.key)", parts: storage.parts)
        }
      case "data.pkl": try writer.add("archive/data.pkl", bytes: PickleWriter.encode(tree))
      default: try writer.add("archive/\(name)", bytes: Array(content.utf8))
      }
    }
    return writer
  }

  /// Takes the item's name off the keys of storages, which were made different for one tree.
  private func shortenKeys(in value: PickleValue, of name: String) {
    PickleTree.forEach(value) { object in
      guard case .persistent(let id) = object.content, var parts = id.elements, parts.count > 2,
        let key = parts[2].text, key.utf8.starts(with: "\(name)/".utf8)
      else { return }
      parts[2] = nodes.text(String(key.dropFirst(name.count + 1)))
      object.content = .persistent(.tuple(parts))
    }
  }

  // MARK: Metadata

  private func metadata(_ entries: [Entry]) throws -> PickleValue {
    var blocks: [Int: [TensorBlock]] = [:]
    var storage: [PickleItem] = []
    for entry in entries {
      if let block = entry.block { blocks[entry.item, default: []].append(block) }
      let name = nodes.text(items[entry.item].name)
      var index: [(String, PickleValue)] = [("fqn", name), ("index", .none)]
      if let block = entry.block {
        index[1].1 = .int(Int64((blocks[entry.item]?.count ?? 1) - 1))
        index.append(("offset", size(block.starts)))
      }
      let place: [(String, PickleValue)] = [
        ("relative_path", nodes.text(entry.file)), ("offset", .int(Int64(entry.range.lowerBound))),
        ("length", .int(Int64(entry.range.count))),
      ]
      let module = "torch.distributed.checkpoint.filesystem"
      storage.append(
        (
          object("MetadataIndex", nodes.dictionary(index)),
          object("_StorageInfo", nodes.dictionary(place), in: module)
        )
      )
    }
    let described = try items.enumerated().map { number, item -> PickleItem in
      guard case .tensor(let tensor) = item.content else {
        return (nodes.text(item.name), object("BytesStorageMetadata", nil))
      }
      let chunks = (blocks[number] ?? []).map { block in
        object(
          "ChunkStorageMetadata",
          nodes.dictionary([("offsets", size(block.starts)), ("sizes", size(block.lengths))])
        )
      }
      let fields: [(String, PickleValue)] = [
        ("properties", try properties(tensor)), ("size", size(tensor.shape.dimensions)),
        ("chunks", .list(chunks)),
      ]
      return (nodes.text(item.name), object("TensorStorageMetadata", nodes.dictionary(fields)))
    }
    let ways = items.map { (nodes.text($0.name), PickleValue.tuple($0.path)) }
    return object(
      "Metadata",
      nodes.dictionary([
        ("state_dict_metadata", .dictionary(described)), ("planner_data", .dictionary(ways)),
        ("storage_data", .dictionary(storage)), ("storage_meta", .none),
        ("version", nodes.text("1.0.0")),
      ])
    )
  }

  /// The properties in the form of before strides were in them, which every version reads.
  private func properties(_ tensor: Tensor) throws -> PickleValue {
    let type = nodes.global("torch", try TorchType.name(of: tensor.elementType))
    let layout = call("torch.serialization", "_get_layout", [nodes.text("torch.strided")])
    let format = call(PickleGlobals.metadataModule, "_MEM_FORMAT_ENCODING", [.int(0)])
    return object(
      "TensorProperties",
      .tuple([type, layout, .bool(false), format, .bool(false)])
    )
  }

  private func size(_ sizes: [Int]) -> PickleValue {
    call("torch", "Size", [.tuple(sizes.map { .int(Int64($0)) })])
  }

  private func call(_ module: String, _ name: String, _ arguments: [PickleValue]) -> PickleValue {
    let made = PickleCall(
      module: module,
      name: name,
      callable: nodes.global(module, name),
      arguments: .tuple(arguments)
    )
    return .object(PickleObject(.call(made)))
  }

  private func object(
    _ name: String,
    _ state: PickleValue?,
    in module: String = PickleGlobals.metadataModule
  ) -> PickleValue {
    let made = PickleCall(
      module: module,
      name: name,
      callable: nodes.global(module, name),
      arguments: .tuple([]),
      state: state,
      isNew: true
    )
    return .object(PickleObject(.call(made)))
  }
}
