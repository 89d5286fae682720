internal import Tensors

/// The objects of a weights file, in the order in which the model lists their variables as far as that
/// can be known.
struct WeightsTree {
  /// An object and those inside it.
  private final class Node {
    let component: String
    var group: Int?
    var layer: ModelConfig.Layer?
    var children: [Node] = []
    /// Whether the model's configuration has told the order of the children.
    var isConfigured = false

    init(_ component: String) { self.component = component }

    /// Whether there are variables here or below.
    func hasVariables(_ groups: [VariableGroup]) -> Bool {
      group.map { !groups[$0].members.isEmpty } == true
        || children.contains { $0.hasVariables(groups) }
    }
  }

  /// Sublayers of Keras' own layers in the order in which those create them.
  private static let compositions = [
    ["query_dense", "key_dense", "value_dense", "output_dense"],
    ["forward_layer", "backward_layer"],
  ]

  /// Objects of one list that are compared with each other by the places of their groups.
  private static let comparisonLimit = 2_000

  private let groups: [VariableGroup]
  private let root = Node("")

  /// Sorts the groups of a model, those of its optimizer and metrics left out.
  ///
  /// - Parameters:
  ///   - groups: All groups of the file.
  ///   - chosen: Numbers of those that belong to the model.
  ///   - model: The model's configuration, where there is one.
  init(_ groups: [VariableGroup], _ chosen: [Int], _ model: ModelConfig?) {
    self.groups = groups
    for number in chosen { insert(number) }
    name(root, model?.layers ?? [])
    compose(root)
  }

  private func insert(_ number: Int) {
    var node = root
    for component in groups[number].path {
      if let child = node.children.first(where: { ExactName($0.component) == ExactName(component) })
      {
        node = child
      } else {
        let child = Node(component)
        node.children.append(child)
        node = child
      }
    }
    node.group = number
  }

  // MARK: Order

  /// Whether a group of a name is the list of a model's layers.
  static func isLayers(_ component: String) -> Bool {
    ["layers", "_layer_checkpoint_dependencies"].contains(component)
  }

  /// Whether a group is the list of a model's layers.
  private static func isLayers(_ node: Node) -> Bool {
    isLayers(node.component) && node.group == nil
  }

  /// Whether a group is a list of objects; objects themselves have a group of variables, if an empty one.
  private func isList(_ node: Node) -> Bool { node.group == nil && node !== root }

  /// Gives the groups of layers the layers of the configuration that they are.
  private func name(_ node: Node, _ layers: [ModelConfig.Layer]) {
    for container in node.children where Self.isLayers(container) {
      var counts: [String: Int] = [:]
      var names: [ExactName: (place: Int, layer: ModelConfig.Layer)] = [:]
      for (place, layer) in layers.enumerated() {
        let base = SnakeCase.name(of: layer.className)
        let number = counts[base, default: 0]
        counts[base] = number + 1
        names[ExactName(number == 0 ? base : "\(base)_\(number)")] = (place, layer)
      }
      for child in container.children { child.layer = names[ExactName(child.component)]?.layer }
      let places = container.children.map { names[ExactName($0.component)]?.place }
      if !layers.isEmpty, places.allSatisfy({ $0 != nil }) {
        let sorted = zip(places, container.children).sorted { $0.0 ?? 0 < $1.0 ?? 0 }
        container.children = sorted.map(\.1)
        container.isConfigured = true
      } else {
        sortByPlace(container)
      }
      for child in container.children { name(child, child.layer?.inner ?? []) }
    }
    for child in node.children where !Self.isLayers(child) {
      if isList(child) { sortByPlace(child) }
      name(child, [])
    }
  }

  /// Sorts by the order in which the groups were made, as far as the file shows it.
  private func sortByPlace(_ container: Node) {
    let places = container.children.map { place(of: $0) ?? (Int.max, Int.max) }
    let order = places.indices.sorted { one, other in
      (places[one].file, places[one].offset, one) < (
        places[other].file, places[other].offset, other
      )
    }
    container.children = order.map { container.children[$0] }
  }

  private func place(of node: Node) -> VariableGroup.Place? {
    let own = node.group.flatMap { groups[$0].places.first ?? groups[$0].data }
    return own ?? node.children.compactMap { place(of: $0) }.min { $0 < $1 }
  }

  /// Sorts sublayers of Keras' own layers.
  private func compose(_ node: Node) {
    for child in node.children { compose(child) }
    let live = node.children.filter { $0.hasVariables(groups) }
    guard let known = Self.composition(of: live) else { return }
    node.children.sort { one, other in
      known.firstIndex(of: one.component) ?? 0 < known.firstIndex(of: other.component) ?? 0
    }
  }

  private static func composition(of nodes: [Node]) -> [String]? {
    compositions.first { list in
      nodes.count > 1 && nodes.allSatisfy { list.contains($0.component) }
    }
  }

  // MARK: Results

  /// The groups with variables, in the best order that is known, with the names on the way to each.
  var sorted: [(group: Int, names: [String], layer: ModelConfig.Layer?)] {
    var result: [(group: Int, names: [String], layer: ModelConfig.Layer?)] = []
    func visit(_ node: Node, _ names: [String], _ layer: ModelConfig.Layer?) {
      if let group = node.group, !groups[group].members.isEmpty {
        result.append((group, names, layer))
      }
      for child in node.children {
        if Self.isLayers(child) {
          visit(child, names, layer)
        } else {
          let own = child.group.flatMap { groups[$0].name } ?? child.layer?.name ?? child.component
          visit(child, names + [own], child.layer ?? layer)
        }
      }
    }
    visit(root, root.group.flatMap { groups[$0].name }.map { [$0] } ?? [], nil)
    // The model's own name says nothing about its layers.
    return result.map { entry in
      let isRoot = groups[entry.group].path.isEmpty
      let extra = root.group.flatMap { groups[$0].name } != nil && !isRoot ? 1 : 0
      return (entry.group, Array(entry.names.dropFirst(extra)), entry.layer)
    }
  }

  // MARK: Search

  /// The model as a search takes it: objects of one class in the order of their numbers, whose mixture is open unless a
  /// configuration tells it.
  ///
  /// - Parameters:
  ///   - usesPlaces: Whether the places of the groups in the file, where Keras made them, tell what stands before what.
  ///   - variables: The variables of a group that may be trained, and whether some of the last may not.
  /// - Returns: The model.
  func searched(
    usesPlaces: Bool,
    _ variables: (Int) throws -> (own: [OrderSearch.Member], isOpen: Bool)
  ) rethrows -> OrderSearch.Node {
    func searched(_ node: Node) throws -> OrderSearch.Node {
      let (own, isOpen) = try node.group.map(variables) ?? ([], false)
      let chains = chains(of: node)
      return OrderSearch.Node(
        own: own,
        isOpen: isOpen,
        chains: try chains.map { try $0.nodes.map(searched) },
        needs: usesPlaces ? needs(chains) : []
      )
    }
    return try searched(root)
  }

  /// Whether the places of the groups can tell their order.
  ///
  /// Keras makes an object's own group before those of what is inside it. A program that copies a file makes them in
  /// alphabetical order.
  var hasPlaces: Bool {
    guard let first = groups.first(where: { $0.path.isEmpty })?.places.last else { return false }
    return groups.allSatisfy { group in
      group.path.isEmpty || group.places.allSatisfy { first < $0 }
    }
  }

  /// Objects in the order of their numbers, and the list that they are in.
  private typealias Chain = (list: Node, nodes: [Node])

  private func chains(of node: Node) -> [Chain] {
    var result: [Chain] = []
    var singles: [Node] = []
    for child in node.children where child.hasVariables(groups) {
      // What is put into a list later than others into the model stands among them.
      let isOpen = isList(child) && Self.composition(of: child.children) == nil
      if isOpen { result += repeats(in: child) } else { singles.append(child) }
    }
    if Self.composition(of: singles) != nil { return result + [(node, singles)] }
    return result + singles.map { (node, [$0]) }
  }

  private func repeats(in container: Node) -> [Chain] {
    let live = container.children.filter { $0.hasVariables(groups) }
    if container.isConfigured { return [(container, live)] }
    let inner = live.filter(isList).flatMap(repeats)
    let classes = Dictionary(grouping: live.filter { !isList($0) }) {
      SnakeCase.base(of: $0.component)
    }
    return inner
      + classes.sorted { $0.key < $1.key }.map { _, nodes in
        (
          container,
          nodes.sorted {
            SnakeCase.number(of: $0.component) < SnakeCase.number(of: $1.component)
          }
        )
      }
  }

  /// What certainly stands before each object of some chains.
  private func needs(_ chains: [Chain]) -> [[[Int]]] {
    let nothing = [Int](repeating: 0, count: chains.count)
    let count = chains.reduce(0) { $0 + $1.nodes.count }
    // Numbers and places that contradict each other are those of a file that was rearranged.
    let isRearranged = chains.contains { chain in
      zip(chain.nodes, chain.nodes.dropFirst()).contains { isBefore($1, $0) }
    }
    guard count <= Self.comparisonLimit, !isRearranged else { return [] }
    return chains.map { chain in
      chain.nodes.map { node in
        if Self.isLayers(chain.list) == false, !isList(chain.list) { return nothing }
        return chains.map { other in
          guard other.list === chain.list else { return 0 }
          return other.nodes.lastIndex { isBefore($0, node) }.map { $0 + 1 } ?? 0
        }
      }
    }
  }

  /// Whether both groups of an object were made before both of another's, as their places show: libhdf5 fills a gap with
  /// one or the other at times.
  private func isBefore(_ one: Node, _ other: Node) -> Bool {
    guard let first = one.group.map({ groups[$0].places }), !first.isEmpty,
      let second = other.group.map({ groups[$0].places }), !second.isEmpty
    else { return false }
    return zip(first, second).allSatisfy { $0 < $1 }
  }
}
