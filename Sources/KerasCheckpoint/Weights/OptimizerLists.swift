internal import OptimizerCatalog
internal import Tensors

/// The optimizers in a weights file: the one that the model was compiled with, and those that a model of a class of its
/// own has beside it or in its stead.
struct OptimizerLists {
  /// The group of the optimizer that a model is compiled with.
  static let compiled = ["optimizer"]

  /// What wraps an optimizer has it in this group.
  private static let wrapped = "inner_optimizer"

  /// The groups of all, none inside another.
  private let roots: [[String]]

  /// The groups of those that have counted an update or keep something for variables, or else of the first; none where
  /// there is no optimizer at all.
  let used: [[String]]

  /// Finds the optimizers.
  ///
  /// - Parameters:
  ///   - groups: All groups of the file.
  ///   - files: The files that belong together.
  /// - Throws: `StateError` when a counter cannot be read.
  init(_ groups: [VariableGroup], _ files: [KerasFile]) throws {
    let hasNames = groups.contains { $0.name != nil }
    var found: [[String]] = []
    if groups.contains(where: { $0.path.first == Self.compiled[0] }) { found.append(Self.compiled) }
    for group in groups {
      guard !found.contains(where: { group.path.starts(with: $0) }),
        try Self.isOptimizer(group, files, hasNames: hasNames)
      else { continue }
      let root = group.path.last == Self.wrapped ? Array(group.path.dropLast()) : group.path
      found.append(root)
    }
    roots = found.filter { root in !found.contains { $0 != root && root.starts(with: $0) } }
    var used: [[String]] = []
    for root in roots {
      let own = groups.filter { $0.path.starts(with: root) }.flatMap(\.members)
      let isUsed = try own.contains { member in
        let tensor = try files[member.file].tensor(member.path)
        if tensor.shape.rank > 0 { return true }
        guard Self.isCounter(tensor) else { return false }
        return try files[member.file].bytes(member.path).contains { $0 != 0 }
      }
      if isUsed { used.append(root) }
    }
    // What wraps one of several has its list twice, in an order that only the whole would tell.
    if used.count > 1 {
      used.removeAll { root in groups.contains { $0.path == root + [Self.wrapped] } }
    }
    self.used = used.isEmpty ? Array(roots.prefix(1)) : used
  }

  /// Whether a group is an optimizer's or inside one.
  func have(_ group: VariableGroup) -> Bool { roots.contains { group.path.starts(with: $0) } }

  /// The groups of the others.
  var idle: [[String]] { roots.filter { !used.contains($0) } }

  private static func isCounter(_ tensor: Tensor) -> Bool {
    [.int32, .int64].contains(tensor.elementType) && tensor.shape.rank == 0
  }

  /// Whether a group is an optimizer: Keras 3 says so; in files without names nothing but an optimizer begins with a
  /// counter, layers apart.
  private static func isOptimizer(
    _ group: VariableGroup,
    _ files: [KerasFile],
    hasNames: Bool
  ) throws -> Bool {
    guard !group.path.isEmpty, let first = group.members.first,
      isCounter(try files[first.file].tensor(first.path))
    else { return false }
    if let name = group.name {
      return OptimizerCatalog.description(ofKerasClass: SnakeCase.base(of: name)) != nil
    }
    return !hasNames && !WeightsTree.isLayers(group.path.dropLast().last ?? "")
  }
}
