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
    /// Whether the order of the children is the model's.
    var isOrdered = true

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

  /// Orders that are tried where names do not tell which one is the model's.
  private static let orderLimit = 720

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
    order(root)
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

  /// Whether a group is the list of a model's layers.
  private static func isLayers(_ node: Node) -> Bool {
    ["layers", "_layer_checkpoint_dependencies"].contains(node.component) && node.group == nil
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

  /// Sorts by the order in which the groups were written, and checks that repeats agree with it.
  private func sortByPlace(_ container: Node) {
    let places = container.children.map { place(of: $0) ?? (Int.max, Int.max) }
    let order = places.indices.sorted { places[$0] < places[$1] }
    container.children = order.map { container.children[$0] }
    var last: [String: Int] = [:]
    for child in container.children where child.hasVariables(groups) {
      let base = SnakeCase.base(of: child.component)
      let number = SnakeCase.number(of: child.component)
      // A file that another program has rearranged no longer shows the order.
      if let before = last[base], before > number { container.isOrdered = false }
      last[base] = number
    }
  }

  private func place(of node: Node) -> (Int, Int)? {
    let own = node.group.flatMap { groups[$0].place }.map { ($0.file, $0.offset) }
    let all = node.children.compactMap { place(of: $0) } + (own.map { [$0] } ?? [])
    return all.min { $0 < $1 }
  }

  private func order(_ node: Node) {
    for child in node.children { order(child) }
    let live = node.children.filter { $0.hasVariables(groups) }
    guard live.count > 1, !isList(node) else { return }
    let known = Self.compositions.first { list in live.allSatisfy { list.contains($0.component) } }
    if let known {
      node.children.sort { one, other in
        known.firstIndex(of: one.component) ?? 0 < known.firstIndex(of: other.component) ?? 0
      }
    } else {
      // Attributes are in alphabetical order, which is not the one in which they were made.
      node.isOrdered = false
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

  /// Every order of the groups that the file allows, `nil` where there are too many.
  var orders: [[Int]]? {
    orders(of: root)
  }

  private func orders(of node: Node) -> [[Int]]? {
    var heads: [[Int]] = [[]]
    if let group = node.group, !groups[group].members.isEmpty { heads = [[group]] }
    // The layers of a model stand in order among its other attributes, which may stand anywhere.
    let chain = node.children.filter(Self.isLayers).flatMap(\.children)
    let others = node.children.filter { !Self.isLayers($0) }
    let live = (chain + others).filter { $0.hasVariables(groups) }
    let chained = chain.count { $0.hasVariables(groups) }
    var parts: [[[Int]]] = []
    for child in live {
      guard let some = orders(of: child) else { return nil }
      parts.append(some)
    }
    let isFixed = node.isOrdered && node.children.allSatisfy(\.isOrdered)
    let arrangements =
      isFixed || live.count < 2
      ? [Array(live.indices)]
      : Self.interleavings(
        node.children.first(where: Self.isLayers)?.isOrdered ?? true ? chained : 0,
        of: live.count
      )
    guard let arrangements else { return nil }
    var result: [[Int]] = []
    for arrangement in arrangements {
      var lists = heads
      for part in arrangement {
        lists = lists.flatMap { list in parts[part].map { list + $0 } }
        guard lists.count <= Self.orderLimit else { return nil }
      }
      result += lists
      guard result.count <= Self.orderLimit else { return nil }
    }
    return result
  }

  /// Every order of some numbers of which the first few keep theirs, `nil` where there are too many.
  private static func interleavings(_ chained: Int, of count: Int) -> [[Int]]? {
    var lists = [Array(0..<chained)]
    for next in chained..<count {
      guard lists.count * (next + 1) <= orderLimit else { return nil }
      lists = lists.flatMap { list in
        (0...list.count).map { place in
          var longer = list
          longer.insert(next, at: place)
          return longer
        }
      }
    }
    return lists
  }
}
