internal import ByteIO
internal import Tensors
internal import TorchContainer

/// The nested dictionary that a distributed checkpoint was saved from, its tensors put together from their chunks.
struct DistributedTree {
  /// The dictionary as a file of PyTorch's would have it.
  let file: TorchFile

  /// The objects that nobody here can read, by their items' names.
  let opaque: [(name: String, bytes: Tensor)]

  /// The places of optimizers' dictionaries that were flattened.
  let flattened: [String]

  /// A place in the dictionary.
  private final class Node {
    var value: PickleValue?
    var order: [ShardedItem.Key] = []
    var children: [ShardedItem.Key: Node] = [:]

    func child(_ key: ShardedItem.Key) -> Node {
      if let known = children[key] { return known }
      let made = Node()
      order.append(key)
      children[key] = made
      return made
    }
  }

  /// Builds the dictionary; steps and objects are read, other tensors are not.
  init(_ directory: String, _ items: [ShardedItem], _ files: ShardFiles) throws {
    let nodes = TorchNodes()
    var storages: [ExactName: Tensor] = [:]
    var opaque: [(name: String, bytes: Tensor)] = []
    let root = Node()
    for item in items {
      do {
        var node = root
        for key in item.path {
          guard node.value == nil else { throw Self.conflict }
          node = node.child(key)
        }
        guard node.value == nil, node.children.isEmpty else { throw Self.conflict }
        switch item.content {
        case .tensor(let type, let shape, let chunks):
          let tensor = try Self.tensor(type, shape, chunks, files)
          let object = nodes.tensor()
          try nodes.describe(
            object,
            type,
            shape,
            strides: shape.rowMajorStrides,
            offset: 0,
            key: nodes.text(item.name),
            byteCount: tensor.byteCount
          )
          storages[ExactName(item.name)] = try Tensor(
            .uint8,
            .vector(tensor.byteCount),
            source: tensor.source
          )
          node.value = .object(object)
        case .object(let place):
          let archive = try files.archive(at: place)
          do {
            node.value = try Self.object(item.name, archive, nodes, &storages)
          } catch let error as StateError where error.code == .unsupported {
            let bytes = FileSource(archive.file, at: 0)
            opaque.append(
              (item.name, try Tensor(.uint8, .vector(place.range.count), source: bytes))
            )
            let words = [nodes.text(DistributedExtras.opaque), .none, nodes.text(item.name)]
            node.value = .object(PickleObject(.persistent(.tuple(words))))
          }
        }
      } catch let error as StateError {
        throw error.inContext(tensor: item.name)
      }
    }
    self.opaque = opaque
    var flattened: [String] = []
    let saved = try Self.value(of: root, nodes, 0)
    let tree = FlatOptimizer.unfolded(saved, nodes, TorchPath()) { flattened.append($0.text) }
    self.flattened = flattened
    file = TorchFile(
      path: directory,
      pickle: PickleWriter.encode(tree),
      tree: tree,
      storages: storages,
      records: [],
      root: ""
    )
  }

  private static let conflict = StateError(
    .malformed,
    "two items have one place in the dictionary that was saved"
  )

  private static func tensor(
    _ type: ElementType,
    _ shape: Shape,
    _ chunks: [(block: TensorBlock, place: ShardedItem.Place)],
    _ files: ShardFiles
  ) throws -> Tensor {
    let parts = try chunks.map { block, place in
      let own = try Shape(block.lengths)
      let source = ChunkSource(files, place, type, own)
      return (block: block, tensor: try Tensor(type, own, source: source))
    }
    if parts.count == 1, parts[0].tensor.shape == shape { return parts[0].tensor }
    return try Tensor.assemble(type, shape, from: parts)
  }

  /// The object of an item.
  private static func object(
    _ name: String,
    _ archive: ZipArchive,
    _ nodes: TorchNodes,
    _ storages: inout [ExactName: Tensor]
  ) throws -> PickleValue {
    let file = try TorchArchive.read(archive, allowing: .torch)
    // The storages of all items are those of one tree.
    PickleTree.forEach(file.tree) { object in
      guard case .persistent(let id) = object.content, var parts = id.elements, parts.count > 2,
        let key = parts[2].text
      else { return }
      parts[2] = nodes.text("\(name)/\(key)")
      object.content = .persistent(.tuple(parts))
    }
    for key in file.keys { storages[ExactName("\(name)/\(key.text)")] = file.bytes(of: key) }
    return file.tree
  }

  private static func value(
    of node: Node,
    _ nodes: TorchNodes,
    _ depth: Int
  ) throws -> PickleValue {
    if let value = node.value { return value }
    guard depth < Limits[.nesting] else {
      throw StateError.exceeded(.nesting, "the dictionary that was saved nests too deeply")
    }
    let indices = node.order.compactMap { key -> Int? in
      if case .index(let index) = key { index } else { nil }
    }
    guard !node.order.isEmpty, indices.count == node.order.count else {
      guard indices.isEmpty else {
        throw StateError(.malformed, "a place of the dictionary is list and dictionary at once")
      }
      return .dictionary(
        try node.order.map { key in
          guard case .text(let text) = key, let child = node.children[key] else { throw conflict }
          return (nodes.text(text.text), try value(of: child, nodes, depth + 1))
        }
      )
    }
    // What vanishes from a list when it is flattened are empty dictionaries.
    let count = (indices.max() ?? 0) + 1
    guard count <= Limits[.sharing] * (indices.count + 1) else {
      throw StateError(.malformed, "a list lacks most of its elements")
    }
    return .list(
      try (0..<count).map { index in
        guard let child = node.children[.index(index)] else { return .dictionary([]) }
        return try value(of: child, nodes, depth + 1)
      }
    )
  }
}
