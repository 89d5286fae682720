package import ByteIO
package import Tensors

/// Gives every tensor of a tree its place in a storage, and every storage its bytes.
///
/// What the tree already says stays as it is while it still holds, so that storages remain shared and
/// views remain views.
package struct StoragePlan {
  /// A tensor of the tree and its data.
  package struct Node {
    package let name: String
    package let object: PickleObject
    package let tensor: Tensor

    package init(name: String, object: PickleObject, tensor: Tensor) {
      self.name = name
      self.object = object
      self.tensor = tensor
    }
  }

  /// A storage: its key and what it consists of.
  package struct Storage {
    package let key: String
    package let parts: [NamedTensor]
  }

  /// Tensors that cannot stay the views that they were, or that were one and now differ.
  package private(set) var separated: [String] = []

  private let nodes: TorchNodes
  private let bases: [ExactName: Tensor]
  private var contents: [ExactName: [NamedTensor]] = [:]
  private var keys: Set<ExactName> = []
  private var nextKey = 0
  private var sources: [ObjectIdentifier: (key: PickleValue, type: ElementType, shape: Shape)] =
    [:]

  /// Plans storages.
  ///
  /// - Parameters:
  ///   - tensors: A tree's tensors with their data, in its order; they are changed in place.
  ///   - bases: Bytes of storages that tensors do not cover, by key.
  ///   - nodes: Makes new objects.
  /// - Throws: `StateError` with code `unsupported` or `malformed`.
  package init(
    _ tensors: [Node],
    bases: [ExactName: Tensor],
    nodes: TorchNodes
  ) throws {
    self.nodes = nodes
    self.bases = bases
    var described: [ExactName: [(node: Node, view: TorchTensor)]] = [:]
    var order: [ExactName] = []
    var fresh: [Node] = []
    for node in tensors {
      guard let view = try? TorchTensor(node.object), view.elementType == node.tensor.elementType,
        view.shape.elementCount == node.tensor.shape.elementCount
      else {
        fresh.append(node)
        continue
      }
      let key = ExactName(view.storage.key)
      if described[key] == nil { order.append(key) }
      described[key, default: []].append((node, view))
    }
    keys = Set(order).union(bases.keys)
    for key in order { try plan(key, described[key] ?? []) }
    for node in fresh { try separate(node) }
  }

  /// The storages in the order in which a tree mentions them, and those that it does not mention.
  package func storages(of tree: PickleValue, keepingUnmentioned: Bool) -> [Storage] {
    var seen: Set<ExactName> = []
    var result: [Storage] = []
    PickleTree.forEach(tree) { object in
      guard case .persistent(let id) = object.content, let text = id.elements?[2].text else {
        return
      }
      let key = ExactName(text)
      guard seen.insert(key).inserted else { return }
      // What only a record mentions that nobody reads is whole among the bases.
      if let parts = contents[key] ?? bases[key].map({ [NamedTensor(text, $0)] }) {
        result.append(Storage(key: text, parts: parts))
      }
    }
    if keepingUnmentioned {
      for key in bases.keys.sorted() where !seen.contains(key) {
        guard let base = bases[key] else { continue }
        result.append(Storage(key: key.text, parts: [NamedTensor(key.text, base)]))
      }
    }
    return result
  }

  /// Gives a tensor a storage of its own, or that of another tensor with the very same data.
  private mutating func separate(_ node: Node) throws {
    let tensor = node.tensor
    let identity = ObjectIdentifier(tensor.source)
    let key: PickleValue
    if let known = sources[identity], known.type == tensor.elementType,
      known.shape == tensor.shape
    {
      key = known.key
    } else {
      while !keys.insert(ExactName("\(nextKey)")).inserted { nextKey += 1 }
      key = .string("\(nextKey)")
      contents[ExactName("\(nextKey)")] = [NamedTensor(node.name, tensor)]
      sources[identity] = (key, tensor.elementType, tensor.shape)
    }
    try nodes.describe(
      node.object,
      tensor.elementType,
      tensor.shape,
      strides: tensor.shape.rowMajorStrides,
      offset: 0,
      key: key,
      byteCount: tensor.byteCount
    )
  }

  private mutating func plan(
    _ key: ExactName,
    _ members: [(node: Node, view: TorchTensor)]
  ) throws {
    var distinct: [(node: Node, view: TorchTensor)] = []
    var twins: [Node] = []
    for member in members {
      guard let twin = distinct.first(where: { Self.isSameView($0.view, member.view) }) else {
        distinct.append(member)
        continue
      }
      if twin.node.object === member.node.object { continue }
      if try !Self.isSameData(twin.node, member.node) {
        separated.append(member.node.name)
        try separate(member.node)
      } else {
        twins.append(member.node)
      }
    }
    guard let first = distinct.first else { return }
    let width = first.view.storage.type.width
    let (byteCount, overflow) = first.view.storage.count.multipliedReportingOverflow(by: width)
    guard !overflow else { throw StateError(.malformed, "the size of a storage overflows") }
    let whole = first.view
    if distinct.count == 1, bases[key] == nil, whole.offset == 0,
      first.node.tensor.byteCount == byteCount, whole.isPermutation
    {
      contents[key] = [NamedTensor(first.node.name, try Self.inStorageOrder(first))]
      return
    }
    if distinct.allSatisfy({ $0.view.isContiguous }), bases[key] != nil || byteCount < 1 << 40,
      let parts = try Self.pieces(distinct, base: bases[key], byteCount: byteCount)
    {
      contents[key] = parts
      return
    }
    for node in distinct.map(\.node) + twins {
      separated.append(node.name)
      try separate(node)
    }
  }

  private static func isSameView(_ one: TorchTensor, _ other: TorchTensor) -> Bool {
    one.offset == other.offset && one.shape == other.shape && one.strides == other.strides
      && one.elementType == other.elementType
  }

  /// Whether two tensors are equal, by where they come from or else by their bytes' sums.
  private static func isSameData(_ one: Node, _ other: Node) throws -> Bool {
    if one.tensor.source === other.tensor.source { return true }
    if let first = one.tensor.checksum, let second = other.tensor.checksum {
      return first == second
    }
    let sums = try TensorPass.sums([
      NamedTensor(one.name, one.tensor), NamedTensor(other.name, other.tensor),
    ])
    return sums[0] == sums[1]
  }

  /// The tensor's elements in the order in which its storage has them.
  private static func inStorageOrder(_ member: (node: Node, view: TorchTensor)) throws -> Tensor {
    let (tensor, view) = (member.node.tensor, member.view)
    if view.isContiguous { return tensor }
    let axes = view.axesByStride
    let strides = view.shape.rowMajorStrides
    return try tensor.strided(
      tensor.elementType,
      try Shape(axes.map { view.shape.dimensions[$0] }),
      strides: axes.map { strides[$0] },
      offset: 0
    )
  }

  /// A storage as the tensors that lie in it one behind another, and its own old bytes between them.
  ///
  /// `nil` where tensors overlap, or where bytes are missing that nobody has.
  private static func pieces(
    _ members: [(node: Node, view: TorchTensor)],
    base: Tensor?,
    byteCount: Int
  ) throws -> [NamedTensor]? {
    var parts: [NamedTensor] = []
    var end = 0
    func fill(to start: Int) throws -> Bool {
      if start == end { return true }
      guard let base, start <= base.byteCount else { return false }
      let gap = try base.strided(.uint8, .vector(start - end), strides: [1], offset: end)
      parts.append(NamedTensor("bytes between tensors", gap))
      return true
    }
    let sorted = members.sorted { $0.view.offset < $1.view.offset }
    for (node, view) in sorted where node.tensor.byteCount > 0 {
      let start = view.offset * (view.elementType.byteWidth ?? 1)
      guard start >= end, node.tensor.byteCount <= byteCount - start, try fill(to: start) else {
        return nil
      }
      parts.append(NamedTensor(node.name, node.tensor))
      end = start + node.tensor.byteCount
    }
    return try fill(to: byteCount) ? parts : nil
  }
}
