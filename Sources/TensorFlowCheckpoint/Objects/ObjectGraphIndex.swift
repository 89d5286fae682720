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
  /// Keys of tensors by the ordinary names of their variables; several objects may have variables of one name.
  private var keysOfName: [ExactName: [String]] = [:]
  private var listed: Set<ExactName> = []
  private var work = 0
  private var ownVariables: [ExactName: (optimizer: Int, name: String)] = [:]

  /// Slots by the keys of their tensors.
  private(set) var slots: [ExactName: SlotEntry] = [:]

  /// The names of optimizers as their variables carry them, by node.
  private(set) var families: [Int: String] = [:]

  /// Keys of the variables that an optimizer of Keras 3 lists as those it trains, by node.
  private(set) var trained: [Int: [String]] = [:]

  /// A slot that is called by its variable's name.
  private struct NamedSlot {
    /// Key of its tensor.
    let key: String
    /// What the optimizer calls it.
    let kind: String
    /// The name of its variable, and how many of that name the optimizer has listed before.
    let name: NameUse
    /// Keys of the variables that it may be of.
    let candidates: [String]
  }

  /// A name in a list that may have it several times.
  private struct NameUse: Hashable {
    let name: ExactName
    let use: Int
  }

  /// The slots of the optimizers some of whose slots may be of several variables, in the order of their lists.
  private var undecided: [(optimizer: Int, slots: [NamedSlot])] = []

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
        keysOfName[ExactName(attribute.fullName), default: []].append(attribute.checkpointKey)
      }
    }
    let optimizers = graph.nodes.indices.filter { isOptimizer(graph.nodes[$0]) }
    let all = Set(optimizers)
    // What wraps an optimizer lists the slots of that one, whose they are.
    let isWrapper = optimizers.map { number in
      graph.nodes[number].children.contains { child in
        // Several stand in a list.
        let held = graph.nodes[Int(child.nodeID)].children.map { Int($0.nodeID) }
        return all.contains(Int(child.nodeID)) || held.contains { $0 != number && all.contains($0) }
      }
    }
    for wrapping in [true, false] {
      for (number, wraps) in zip(optimizers, isWrapper) where wraps == wrapping {
        try pair(number, graph.nodes[number], wraps: wraps)
      }
    }
  }

  private func isOptimizer(_ node: ObjectGraph.Node) -> Bool {
    !node.slotVariables.isEmpty
      || node.children.contains {
        Self.counters.contains($0.localName) || BetaPowerName($0.localName) != nil
      }
  }

  /// The names of some nodes: the shortest way to each from the root, without what holds nothing but the way.
  func paths(of nodes: Set<Int>) -> [Int: String] {
    var paths: [Int: String] = [:]
    var parents: [Int: (node: Int, name: String)] = [:]
    var seen: Set<Int> = [0]
    var level = Array(graph.nodes.indices.prefix(1))
    while !level.isEmpty {
      var next: [Int] = []
      for number in level {
        for child in graph.nodes[number].children where seen.insert(Int(child.nodeID)).inserted {
          parents[Int(child.nodeID)] = (number, child.localName)
          next.append(Int(child.nodeID))
        }
      }
      level = next
    }
    for node in nodes {
      var parts: [String] = []
      var place = node
      while let parent = parents[place] {
        parts.append(parent.name)
        place = parent.node
      }
      paths[node] = parts.reversed().joined(separator: "/")
    }
    return paths
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

  /// Where a variable stands in the model.
  struct ModelPlace {
    /// Its place on a walk through the model, layers by their numbers, without the optimizers.
    let number: Int
    /// The way to the layer of the whole model that it is in, `nil` where it is in none.
    let layer: String?
    /// Layers that it is in, one inside the other.
    let depth: Int
  }

  /// The places of the variables in the model.
  var places: [ExactName: ModelPlace] {
    var places: [ExactName: ModelPlace] = [:]
    var seen: Set<Int> = []
    var pending = graph.nodes.indices.prefix(1).map {
      (node: $0, path: "", layer: String?.none, depth: 0)
    }
    while let (number, path, layer, depth) = pending.popLast() {
      guard families[number] == nil, seen.insert(number).inserted else { continue }
      if let key = key(number), places[ExactName(key)] == nil {
        places[ExactName(key)] = ModelPlace(number: places.count, layer: layer, depth: depth)
      }
      let children = graph.nodes[number].children.enumerated().sorted { one, other in
        (Self.layerNumber(one.element.localName), one.offset)
          < (Self.layerNumber(other.element.localName), other.offset)
      }
      for (_, child) in children.reversed() {
        let isLayer = Self.layerNumber(child.localName) != Int.max
        // Nobody asks for the way below a layer.
        let own = layer == nil ? path + (path.isEmpty ? "" : "/") + child.localName : path
        pending.append(
          (Int(child.nodeID), own, isLayer ? layer ?? own : layer, isLayer ? depth + 1 : depth)
        )
      }
    }
    return places
  }

  /// tf.keras numbers a model's layers that have weights.
  private static func layerNumber(_ name: String) -> Int {
    let prefix = "layer_with_weights-"
    return name.hasPrefix(prefix) ? Int(name.dropFirst(prefix.count)) ?? Int.max : Int.max
  }

  /// Whether an optimizer is one of Keras' since 2.11, by what it calls its counter.
  func isCurrent(_ optimizer: Int) -> Bool { child("_iterations", of: optimizer) != nil }

  /// Whether a tensor is in an optimizer's list of variables: it is no parameter then, whoever's slot it is.
  func isListed(_ key: String) -> Bool { listed.contains(ExactName(key)) }

  // MARK: Pairing

  private static let counters: Set = ["iter", "_iterations"]

  /// How often all lists together may name as many variables as the graph has nodes.
  private static let workFactor = 16

  private mutating func pair(
    _ number: Int,
    _ node: ObjectGraph.Node,
    wraps: Bool
  ) throws {
    for slot in node.slotVariables {
      guard let variable = key(Int(slot.originalVariableNodeID)),
        let tensor = key(Int(slot.slotVariableNodeID))
      else { continue }
      try add(tensor, SlotEntry(variable: variable, kind: slot.slotName, optimizer: number))
    }
    families[number] = family(of: number)
    for child in node.children {
      if let own = key(Int(child.nodeID)) {
        ownVariables[ExactName(own)] = (number, child.localName)
      }
    }
    let owners = child("_trainable_variables", of: number).map(sequence) ?? []
    let variables = child("_variables", of: number).map(sequence) ?? []
    // Each variable is in the list of one optimizer, and of what wraps it.
    work += owners.count + variables.count
    guard work <= Self.workFactor * graph.nodes.count else {
      throw StateError(
        .malformed,
        "the optimizers of the object graph list its variables too often"
      )
    }
    let known = Set(owners.map(ExactName.init))
    let list = variables.filter {
      ownVariables[ExactName($0)] == nil && !known.contains(ExactName($0))
    }
    for tensor in list { listed.insert(ExactName(tensor)) }
    if wraps { return }
    trained[number] = owners
    if owners.isEmpty {
      try pair(list, amongNamesOf: number)
    } else {
      try pair(list, with: owners, of: number)
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

  private static let keras3 = SlotVocabulary(.keras3)
  private static let tfKeras = SlotVocabulary(.tfKeras)

  /// What Keras 3 keeps in the place of a whole second moment: of rows, of columns, and that moment.
  private static let factored: [String] = {
    let rows = OptimizerCatalog.all.flatMap { $0.rows(in: .keras3) }
    let row = rows.first { $0.words.contains { $0.slot == .factoredRow } }
    return row?.words.map(\.text) ?? []
  }()

  /// Pairs the list of an optimizer of Keras 3, which names the variables that it trains.
  ///
  /// A slot is called by its variable's path, such as `adam/dense_kernel_momentum`. Variables of one path have their
  /// slots one after another, in their own order.
  private mutating func pair(
    _ list: [String],
    with owners: [String],
    of optimizer: Int
  ) throws {
    let flat = owners.map { owner in
      (fullName(of: owner) ?? "").split(separator: "/", omittingEmptySubsequences: false)
        .joined(separator: "_")
    }
    let places = Dictionary(grouping: owners.indices) { flat[$0] }
    let words = Self.keras3.texts
    var uses: [String: Int] = [:]
    // Adafactor calls what it keeps of rows and columns by the variable's last name alone, before the whole moment.
    var waiting: [String] = []
    for tensor in list {
      guard let name = fullName(of: tensor)?.split(separator: "/").last.map(String.init) else {
        continue
      }
      let known = words.first { word in
        name.hasSuffix("_" + word) && places[String(name.dropLast(word.count + 1))] != nil
      }
      guard let word = known else {
        waiting.append(tensor)
        continue
      }
      let same = places[String(name.dropLast(word.count + 1))] ?? []
      let use = uses[name, default: 0]
      uses[name] = use + 1
      guard use < same.count else { continue }
      let owner = owners[same[use]]
      if waiting.count == 2 {
        for (part, word) in zip(waiting + [tensor], Self.factored) {
          try add(part, SlotEntry(variable: owner, kind: word, optimizer: optimizer))
        }
      } else {
        try add(tensor, SlotEntry(variable: owner, kind: word, optimizer: optimizer))
      }
      waiting = []
    }
  }

  /// Pairs the list of an optimizer of tf.keras, whose tensors are called by their variables' names alone:
  /// `Adam/m/dense/kernel`.
  ///
  /// Where two models have variables of one name, the one counts that has the optimizer inside; else nothing tells.
  private mutating func pair(_ list: [String], amongNamesOf optimizer: Int) throws {
    var inside: Set<ExactName>?
    var uses: [String: Int] = [:]
    var found: [NamedSlot] = []
    for tensor in list {
      guard let full = fullName(of: tensor) else { continue }
      let parts = full.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      for start in parts.indices.dropFirst() where Self.tfKeras.hasRow(for: parts[start - 1]) {
        let path = parts[start...].joined(separator: "/")
        guard var candidates = keysOfName[ExactName(path)] else { continue }
        if candidates.count > 1 {
          let beside = inside ?? variables(beside: optimizer)
          inside = beside
          let own = candidates.filter { beside.contains(ExactName($0)) }
          if !own.isEmpty { candidates = own }
        }
        let use = uses[full, default: 0]
        uses[full] = use + 1
        found.append(
          NamedSlot(
            key: tensor,
            kind: parts[start - 1],
            name: NameUse(name: ExactName(path), use: use),
            candidates: candidates
          )
        )
        break
      }
    }
    for slot in found where slot.candidates.count == 1 {
      try add(
        slot.key,
        SlotEntry(variable: slot.candidates[0], kind: slot.kind, optimizer: optimizer)
      )
    }
    if found.contains(where: { $0.candidates.count > 1 }) { undecided.append((optimizer, found)) }
  }

  /// The name of variables of which several may have a slot, and nothing in the graph says which; `nil` where all is
  /// said.
  var openName: String? {
    undecided.lazy.flatMap(\.slots).first { $0.candidates.count > 1 }?.name.name.text
  }

  /// Pairs slots that may be of several variables each.
  ///
  /// - Parameter variables: The variables of the optimizers that have such slots, as somebody calls them and by their
  ///   keys, in the order of these optimizers' lists, one behind the other.
  /// - Throws: `StateError` with code `invalidArgument` where the slots are called by other variables' names.
  mutating func decide(_ variables: [(name: String, key: String)]) throws {
    var rest = variables[...]
    for (optimizer, slots) in undecided {
      var owners: [NameUse: String] = [:]
      for slot in slots {
        if owners[slot.name] == nil {
          guard let next = rest.popFirst() else {
            throw StateError(.invalidArgument, "the list of names ends before the optimizers' own")
          }
          guard slot.candidates.contains(where: { ExactName($0) == ExactName(next.key) }) else {
            throw StateError(
              .invalidArgument,
              "the optimizer has a variable called '\(slot.name.name.text)' in this place",
              tensor: next.name
            )
          }
          owners[slot.name] = next.key
        }
        guard let owner = owners[slot.name] else { continue }
        try add(slot.key, SlotEntry(variable: owner, kind: slot.kind, optimizer: optimizer))
      }
    }
    undecided = []
    if let stray = rest.first {
      throw StateError(
        .invalidArgument,
        "the list of names is longer than the optimizers' own",
        tensor: stray.name
      )
    }
  }

  /// The variables of the objects that hold an optimizer, the root left out, since it holds everything.
  private func variables(beside optimizer: Int) -> Set<ExactName> {
    var seen: Set<Int> = [0, optimizer]
    var pending = graph.nodes.indices.dropFirst().filter { number in
      graph.nodes[number].children.contains { Int($0.nodeID) == optimizer }
    }
    var found: Set<ExactName> = []
    while let number = pending.popLast() {
      guard seen.insert(number).inserted else { continue }
      if let key = key(number) { found.insert(ExactName(key)) }
      pending += graph.nodes[number].children.map { Int($0.nodeID) }
    }
    return found
  }

  /// Keys of the variables in a list, in its order.
  private func sequence(of list: Int) -> [String] {
    graph.nodes[list].children
      .compactMap { child in Int(child.localName).map { (place: $0, node: Int(child.nodeID)) } }
      .sorted { $0.place < $1.place }
      .compactMap { key($0.node) }
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
