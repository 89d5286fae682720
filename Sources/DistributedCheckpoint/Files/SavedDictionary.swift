internal import Tensors
internal import TorchContainer

/// A nested dictionary as the items that torch makes of it.
///
/// Dictionaries are taken apart, and lists that hold tensors or dictionaries; everything else is an object.
///
/// Source: torch 2.15, `distributed/checkpoint/_nested_dict.py` and `_traverse.py`.
struct SavedDictionary {
  /// An item to be written.
  struct Item {
    /// What an item is.
    enum Content {
      case tensor(Tensor)
      case object(PickleValue, [StoragePlan.Node])
      /// An archive as it was.
      case archive(Tensor)
    }

    let name: String
    let path: [PickleValue]
    let content: Content
  }

  private(set) var items: [Item] = []

  private let nodes: TorchNodes
  private let opaque: [ExactName: Tensor]
  private var tensors: [ObjectIdentifier: StoragePlan.Node] = [:]
  private var names: Set<ExactName> = []

  init(_ nodes: TorchNodes, opaque: [ExactName: Tensor]) {
    self.nodes = nodes
    self.opaque = opaque
  }

  /// Takes a dictionary apart.
  ///
  /// - Parameters:
  ///   - tree: The dictionary.
  ///   - tensors: The tensors in it.
  /// - Throws: `StateError` with code `unsupported` when two items have one name.
  mutating func flatten(_ tree: PickleValue, _ tensors: [StoragePlan.Node]) throws {
    self.tensors = Dictionary(
      tensors.map { (ObjectIdentifier($0.object), $0) },
      uniquingKeysWith: { first, _ in first }
    )
    guard tree.items != nil else {
      throw StateError(.unsupported, "a distributed checkpoint holds a dictionary")
    }
    try add(tree, [])
  }

  private mutating func add(_ value: PickleValue, _ path: [PickleValue]) throws {
    if let items = value.items {
      for item in items { try add(item.value, path + [key(item.key)]) }
      return
    }
    if case .list(let elements)? = value.object?.content, elements.contains(where: isTakenApart) {
      for (index, element) in elements.enumerated() {
        try add(element, path + [.int(Int64(index))])
      }
      return
    }
    let name = path.map { $0.text ?? $0.int.map { "\($0)" } ?? "" }.joined(separator: ".")
    guard names.insert(ExactName(name)).inserted else {
      throw StateError(.unsupported, "two items of the checkpoint have one name", tensor: name)
    }
    items.append(Item(name: name, path: path, content: try content(value, name)))
  }

  private func content(_ value: PickleValue, _ name: String) throws -> Item.Content {
    guard let object = value.object else { return .object(value, []) }
    if let node = tensors[ObjectIdentifier(object)] { return .tensor(node.tensor) }
    if case .persistent(let id) = object.content,
      id.elements?.first?.text == DistributedExtras.opaque, let key = id.elements?.last?.text
    {
      guard let archive = opaque[ExactName(key)] else {
        throw StateError(.unsupported, "the object is no longer in the state", tensor: name)
      }
      return .archive(archive)
    }
    var inside: [StoragePlan.Node] = []
    PickleTree.forEach(value) { object in
      if let node = tensors[ObjectIdentifier(object)] { inside.append(node) }
    }
    return .object(value, inside)
  }

  /// Keys are texts, whatever they were.
  private func key(_ key: PickleValue) -> PickleValue {
    if key.text != nil { return key }
    return nodes.text(key.int.map { "\($0)" } ?? key.number.map { "\($0)" } ?? "")
  }

  /// Whether a list is taken apart for the sake of an element.
  private func isTakenApart(_ element: PickleValue) -> Bool {
    guard let object = element.object else { return false }
    if tensors[ObjectIdentifier(object)] != nil { return true }
    if let items = element.items { return !items.isEmpty }
    if case .list(let elements) = object.content { return elements.contains(where: isTakenApart) }
    return false
  }
}
