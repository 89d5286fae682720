internal import Tensors

/// Dictionaries of optimizers that were flattened: `state.<parameter>.<slot>` and `param_groups.<parameter>.<setting>`
/// in place of dictionaries in one another.
///
/// Source: torch 2.15, `distributed/checkpoint/state_dict.py`, `_flatten_optim_state_dict`.
package enum FlatOptimizer {
  private static let state = "state."
  private static let groups = "param_groups."

  /// A tree with every flattened dictionary as it was before.
  ///
  /// - Parameters:
  ///   - tree: The tree.
  ///   - nodes: Makes objects.
  ///   - path: Where in the whole the tree is.
  ///   - note: Told of the place of every dictionary that was flattened.
  /// - Returns: The tree.
  package static func unfolded(
    _ tree: PickleValue,
    _ nodes: TorchNodes,
    _ path: TorchPath,
    note: (TorchPath) -> Void
  ) -> PickleValue {
    guard let items = tree.items, case .dictionary? = tree.object?.content else { return tree }
    if isFlat(items) {
      note(path)
      return unfold(items, nodes)
    }
    let own = items.enumerated().map { place, item -> PickleItem in
      let below = path.item(item.key, place)
      return (item.key, unfolded(item.value, nodes, below, note: note))
    }
    // An optimizer that keeps nothing has an empty dictionary, which vanishes when it is taken apart.
    let isStateless =
      tree["state"] == nil
      && tree["param_groups"]?.elements?.contains { $0["params"]?.elements != nil } == true
    return .dictionary(isStateless ? [(nodes.text("state"), .dictionary([]))] + own : own)
  }

  /// A tree with the dictionaries at some places flattened.
  package static func folded(
    _ tree: PickleValue,
    _ nodes: TorchNodes,
    _ path: TorchPath,
    at places: Set<String>
  ) -> PickleValue {
    guard let items = tree.items, case .dictionary? = tree.object?.content else { return tree }
    if places.contains(path.text) { return fold(tree, nodes) }
    return .dictionary(
      items.enumerated().map { place, item in
        (item.key, folded(item.value, nodes, path.item(item.key, place), at: places))
      }
    )
  }

  private static func fold(_ optimizer: PickleValue, _ nodes: TorchNodes) -> PickleValue {
    var items: [PickleItem] = []
    func add(_ mark: String, _ name: PickleValue, _ entry: PickleItem) {
      let key = mark + (name.text ?? "") + "." + (entry.key.text ?? "")
      items.append((nodes.text(key), entry.value))
    }
    for (name, entries) in optimizer["state"]?.items ?? [] {
      for entry in entries.items ?? [] { add(state, name, entry) }
    }
    for group in optimizer["param_groups"]?.elements ?? [] {
      for name in group["params"]?.elements ?? [] {
        for entry in group.items ?? [] where entry.key.text != "params" { add(groups, name, entry) }
      }
    }
    return .dictionary(items)
  }

  /// Whether a dictionary is one that was flattened.
  ///
  /// - Parameter items: Its items.
  /// - Returns: Whether all of its keys are of that form.
  package static func isFlat(_ items: [PickleItem]) -> Bool {
    let keys = items.map { $0.key.text ?? "" }
    return keys.contains { $0.hasPrefix(groups) }
      && keys.allSatisfy { $0.hasPrefix(state) || $0.hasPrefix(groups) }
  }

  /// Brings a flattened dictionary to what the dictionary says that it was unfolded into; what is no longer there goes.
  ///
  /// - Parameters:
  ///   - flat: The flattened dictionary; the order of its keys stays.
  ///   - optimizer: What was unfolded from it.
  package static func update(_ flat: PickleObject, from optimizer: PickleValue) {
    var values: [ExactName: PickleValue] = [:]
    for item in fold(optimizer, TorchNodes()).items ?? [] {
      if let key = item.key.text { values[ExactName(key)] = item.value }
    }
    let items = (flat.items ?? []).compactMap { key, old -> PickleItem? in
      guard let new = key.text.flatMap({ values[ExactName($0)] }) else { return nil }
      // Parameters of one group share what is equal, which need not be one object in the file.
      let isSame = old.object != nil && old.object === new.object
      return (key, isSame || PickleWriter.encode(old) == PickleWriter.encode(new) ? old : new)
    }
    flat.setItems(items)
  }

  /// The dictionary with a group for each set of settings, in the order in which parameters are named first.
  ///
  /// - Parameters:
  ///   - items: The items of a flattened dictionary.
  ///   - nodes: Makes objects.
  /// - Returns: The dictionary as it was before.
  package static func unfold(_ items: [PickleItem], _ nodes: TorchNodes) -> PickleValue {
    var entries = Table()
    var settings = Table()
    for item in items {
      guard let key = item.key.text else { continue }
      if key.hasPrefix(state) {
        entries.add(key.dropFirst(state.count), item.value, nodes)
      } else {
        settings.add(key.dropFirst(groups.count), item.value, nodes)
      }
    }
    var parts: [(key: [UInt8], settings: [PickleItem], members: [PickleValue])] = []
    var places: [[UInt8]: Int] = [:]
    for (name, own) in settings.rows {
      let sorted = own.sorted { ($0.key.text ?? "") < ($1.key.text ?? "") }
      let look = PickleWriter.encode(.dictionary(sorted))
      let place = places[look] ?? parts.count
      if place == parts.count {
        places[look] = place
        parts.append((look, own, []))
      }
      parts[place].members.append(nodes.text(name.text))
    }
    return nodes.dictionary([
      (
        "state", .dictionary(entries.rows.map { (nodes.text($0.name.text), .dictionary($0.items)) })
      ),
      (
        "param_groups",
        .list(
          parts.map { part in
            .dictionary(part.settings + [(nodes.text("params"), .list(part.members))])
          }
        )
      ),
    ])
  }

  /// What is kept for each parameter, in the order in which parameters are named first.
  private struct Table {
    private(set) var rows: [(name: ExactName, items: [PickleItem])] = []
    private var places: [ExactName: Int] = [:]

    mutating func add(_ key: Substring, _ value: PickleValue, _ nodes: TorchNodes) {
      let dot = key.lastIndex(of: ".") ?? key.startIndex
      let name = ExactName(String(key[..<dot]))
      let place = places[name] ?? rows.count
      if place == rows.count {
        places[name] = place
        rows.append((name, []))
      }
      rows[place].items.append((nodes.text(String(key[dot...].dropFirst())), value))
    }
  }
}
