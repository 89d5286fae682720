internal import OptimizerCatalog
internal import SwiftProtobuf
internal import Tensors

/// What a checkpoint's object graph says about its tensors: what a variable is called, whose slot it
/// is, and which optimizer it belongs to.
///
/// Sources: tensorflow/python/checkpoint (`save_util`, `graph_view`); `keras.optimizers` and
/// `tf_keras.optimizers`, whose lists of slots stand in the graph under their attributes' names.
struct ObjectGraphIndex {
  /// A slot by the key of its tensor.
  struct SlotEntry {
    /// Key of the variable's tensor.
    let variable: String
    /// What the optimizer calls the slot.
    let kind: String
    /// The optimizer's node.
    let optimizer: Int
  }

  private let graph: ObjectGraph
  private var nodeOfKey: [ExactName: Int] = [:]
  /// Keys of tensors by the ordinary names of their variables.
  private var keyOfName: [ExactName: String] = [:]
  private var ownVariables: [ExactName: (optimizer: Int, name: String)] = [:]

  /// Slots by the keys of their tensors.
  private(set) var slots: [ExactName: SlotEntry] = [:]

  /// The names of optimizers as their variables carry them, by node.
  private(set) var families: [Int: String] = [:]

  init(serialized bytes: [UInt8]) throws {
    do {
      // A graph is flat; what nests deeper than messages of its kind can is an attack.
      var options = BinaryDecodingOptions()
      options.messageDepthLimit = 8
      graph = try ObjectGraph(serializedBytes: bytes, options: options)
    } catch {
      throw StateError(.malformed, "the object graph is no record of TensorFlow's: \(error)")
    }
    for (number, node) in graph.nodes.enumerated() {
      let references =
        node.children.map(\.nodeID)
        + node.slotVariables.flatMap { [$0.originalVariableNodeID, $0.slotVariableNodeID] }
      for reference in references where !graph.nodes.indices.contains(Int(reference)) {
        throw StateError(
          .malformed,
          "node \(number) of the object graph refers to node \(reference)",
          expected: "0 to \(graph.nodes.count - 1)"
        )
      }
      for attribute in node.attributes {
        nodeOfKey[ExactName(attribute.checkpointKey)] = number
        keyOfName[ExactName(attribute.fullName)] = attribute.checkpointKey
      }
    }
    for (number, node) in graph.nodes.enumerated() { try pair(number, node) }
  }

  /// The ordinary name of a variable, `nil` where the graph has none for the key.
  func fullName(of key: String) -> String? {
    guard let node = nodeOfKey[ExactName(key)],
      let attribute = graph.nodes[node].attributes.first(where: { $0.checkpointKey == key }),
      !attribute.fullName.isEmpty
    else { return nil }
    return attribute.fullName
  }

  /// The optimizer whose own variable a key is and what the optimizer calls it, `nil` for all others.
  func optimizerVariable(_ key: String) -> (optimizer: Int, name: String)? {
    ownVariables[ExactName(key)]
  }

  // MARK: Pairing

  /// Lists of an optimizer that hold no slots.
  private static let otherLists: Set = [
    "_variables", "_trainable_variables", "_trainable_variables_indices", "_index_dict",
  ]

  private static let counters: Set = ["iter", "_iterations"]

  private mutating func pair(_ number: Int, _ node: ObjectGraph.Node) throws {
    for slot in node.slotVariables {
      guard let variable = key(Int(slot.originalVariableNodeID)),
        let tensor = key(Int(slot.slotVariableNodeID))
      else { continue }
      try add(tensor, SlotEntry(variable: variable, kind: slot.slotName, optimizer: number))
    }
    let isOptimizer =
      !node.slotVariables.isEmpty
      || node.children.contains {
        Self.counters.contains($0.localName) || BetaPowerName($0.localName) != nil
      }
    guard isOptimizer else { return }
    families[number] = family(of: number)
    let owners = child("_trainable_variables", of: number).map(elements) ?? [:]
    for child in node.children {
      if let own = key(Int(child.nodeID)) {
        ownVariables[ExactName(own)] = (number, child.localName)
      } else if !Self.otherLists.contains(child.localName) {
        try pair(elements(of: Int(child.nodeID)), with: owners, of: number)
      }
    }
  }

  /// Keeps a slot; several objects may list it, but never for different variables.
  private mutating func add(_ tensor: String, _ entry: SlotEntry) throws {
    if let other = slots[ExactName(tensor)], ExactName(other.variable) != ExactName(entry.variable)
    {
      throw StateError(
        .malformed,
        "the object graph has the tensor as a slot of two variables",
        tensor: tensor,
        expected: other.variable,
        found: entry.variable
      )
    }
    slots[ExactName(tensor)] = entry
  }

  /// Pairs one of the lists in which Keras' optimizers keep a slot for each variable.
  private mutating func pair(
    _ list: [Int: String],
    with owners: [Int: String],
    of optimizer: Int
  ) throws {
    for (position, tensor) in list {
      guard let name = fullName(of: tensor) else { continue }
      if let owner = owners[position], let path = fullName(of: owner),
        let kind = Self.kind(in: name, behind: path)
      {
        try add(tensor, SlotEntry(variable: owner, kind: kind, optimizer: optimizer))
      } else if let (kind, path) = Self.split(name), let owner = keyOfName[ExactName(path)] {
        try add(tensor, SlotEntry(variable: owner, kind: kind, optimizer: optimizer))
      }
    }
  }

  /// Keys of the variables in a list, by their places.
  private func elements(of list: Int) -> [Int: String] {
    Dictionary(
      graph.nodes[list].children.compactMap { child in
        guard let place = Int(child.localName), let key = key(Int(child.nodeID)) else { return nil }
        return (place, key)
      },
      uniquingKeysWith: { first, _ in first }
    )
  }

  /// Keras 3: `adam/dense_kernel_momentum` behind the variable `dense/kernel`.
  private static func kind(in name: String, behind path: String) -> String? {
    let flat = path.split(separator: "/", omittingEmptySubsequences: false).joined(separator: "_")
    guard let slash = name.utf8.firstIndex(of: UInt8(ascii: "/")) else { return nil }
    let rest = name.utf8[name.utf8.index(after: slash)...]
    let prefix = Array((flat + "_").utf8)
    guard rest.starts(with: prefix) else { return nil }
    return String(Substring(rest.dropFirst(prefix.count)))
  }

  /// tf.keras: `Adam/m/dense/kernel`.
  private static func split(_ name: String) -> (kind: String, path: String)? {
    let parts = name.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
    return parts.count == 3 ? (String(parts[1]), String(parts[2])) : nil
  }

  private func key(_ node: Int) -> String? {
    graph.nodes[node].attributes.first { $0.name == "VARIABLE_VALUE" }?.checkpointKey
  }

  private func child(_ name: String, of node: Int) -> Int? {
    graph.nodes[node].children.first { $0.localName == name }.map { Int($0.nodeID) }
  }

  /// The first part of the names of an optimizer's own variables: `Adam/iter`, `adam/iteration`.
  private func family(of node: Int) -> String {
    let own =
      graph.nodes[node].children.map { Int($0.nodeID) }
      + (child("_variables", of: node).map { graph.nodes[$0].children.map { Int($0.nodeID) } }
        ?? []) + graph.nodes[node].slotVariables.map { Int($0.slotVariableNodeID) }
    for name in own.compactMap(key).compactMap(fullName) {
      let parts = name.split(separator: "/")
      if parts.count > 1 { return String(parts[0]) }
    }
    return ""
  }
}
