internal import OptimizerCore
internal import Tensors

/// Where in a tree an optimizer's state lies, and the parameters that it is of.
struct OptimizerSite {
  /// The branch that holds both, by its keys from the root.
  let container: [String]

  /// The optimizer's branch.
  let optimizer: TreeNode

  /// Its known states.
  let states: [OptaxState]

  /// The branch of the parameters, `nil` where the tree has none.
  let parameters: TreeNode?

  /// Branches in which an optimizer's state may lie, at most.
  private static let depth = 4

  /// Candidates for the branch of the parameters that are looked at, at most.
  private static let candidates = 64

  /// Finds all sites of a tree.
  static func all(in root: TreeNode, optimizer: OptimizerRecord?) -> [OptimizerSite] {
    var sites: [OptimizerSite] = []
    find(in: root, []) { container, keys, node in
      let states = OptaxState.all(below: node, optimizer: optimizer)
      let parameters = parameters(beside: node, in: container, states)
      sites.append(
        OptimizerSite(container: keys, optimizer: node, states: states, parameters: parameters)
      )
    }
    if !sites.isEmpty { return sites }
    // Nothing is called an optimizer's: a state alone, or in a tuple beside the parameters.
    let states = OptaxState.all(below: root, optimizer: optimizer)
    guard !states.isEmpty else { return [] }
    for child in root.children where child.isBranch {
      let own = OptaxState.all(below: child, optimizer: optimizer)
      if own.count == states.count,
        let parameters = parameters(beside: child, in: root, own)
      {
        return [
          OptimizerSite(container: [], optimizer: child, states: own, parameters: parameters)
        ]
      }
    }
    if root["params"] != nil { return [] }
    return [OptimizerSite(container: [], optimizer: root, states: states, parameters: nil)]
  }

  private static func find(
    in node: TreeNode,
    _ keys: [String],
    _ body: (TreeNode, [String], TreeNode) -> Void
  ) {
    for child in node.children where child.isBranch {
      if isOptimizer(child.key) {
        body(node, keys, child)
      } else if child.key != "params", keys.count < depth {
        find(in: child, keys + [child.key], body)
      }
    }
  }

  /// Whether a key is that of an optimizer's state.
  static func isOptimizer(_ key: String) -> Bool {
    let word = key.lowercased()
    return ["opt", "optim", "optimizer", "optimizers"].contains { stem in
      word == stem || word.hasPrefix(stem + "_") || word.hasSuffix("_" + stem)
    }
  }

  /// The branch that has an array of the same keys and shape for every moment.
  private static func parameters(
    beside optimizer: TreeNode,
    in container: TreeNode,
    _ states: [OptaxState]
  ) -> TreeNode? {
    let moments = states.flatMap(\.fields).flatMap { OptaxState.arrays(in: $0.tree) }
      .filter { !$0.keys.isEmpty }
    var branches: [TreeNode] = []
    var level = [container]
    for _ in 0..<3 {
      level = level.flatMap(\.children).filter { $0.isBranch && $0.path != optimizer.path }
      branches += level.prefix(candidates - branches.count)
    }
    branches.append(container)
    let fitting = branches.filter { branch in
      if moments.isEmpty { return branch.key == "params" || branch.key == "model" }
      var places: Set<TreePath> = []
      for array in OptaxState.arrays(in: branch) { places.insert(TreePath(array.keys)) }
      return moments.allSatisfy { places.contains(TreePath($0.keys)) }
    }
    return fitting.first { $0.key == "params" } ?? fitting.first { $0.key == "model" }
      ?? fitting.first { !WeightAverages.isAverage($0.key) }
  }
}

/// Branches that hold a moving average of the parameters.
enum WeightAverages {
  /// Whether a key is that of such a branch, as training scripts call it.
  static func isAverage(_ key: String) -> Bool {
    ["ema", "ema_params", "params_ema"].contains(key)
  }
}
