internal import OptimizerCatalog
internal import Tensors

/// An optimizer of PyTorch's files: its entry in the catalogue, and the row of words that its groups are in.
struct TorchRule: Sendable {
  let description: OptimizerDescription
  let row: SettingRow

  /// The slots' words, in the order of a parameter's state.
  let slots: [DialectRow.Word]

  private init(_ description: OptimizerDescription, _ row: SettingRow) {
    self.description = description
    self.row = row
    slots = description.words(in: row.dialect)
  }

  /// The kind of record.
  var kind: String { description.kind }

  private static let all = OptimizerCatalog.all.flatMap { known in
    known.settingRows.map { TorchRule(known, $0) }
      .filter { Dialect.torchFamily.contains($0.row.dialect) }
  }

  /// The rule that a group's keys belong to, `nil` where they are none that is known.
  ///
  /// - Parameters:
  ///   - keys: The keys of a group.
  ///   - stateKeys: The keys of what is kept for the parameters.
  /// - Returns: The rule, or `nil`.
  static func recognize(_ keys: Set<String>, _ stateKeys: Set<String>) -> TorchRule? {
    let fitting = all.filter { rule in
      keys.isSuperset(of: rule.row.telling) && rule.row.accounts(for: keys)
        && rule.accounts(forState: stateKeys)
    }
    func known(_ rule: TorchRule) -> Int { rule.row.words.count { keys.contains($0.text) } }
    // Of two that are told apart by a mark the first is meant, and the mark is read later.
    return fitting.reduce(nil) { best, rule in
      best.map { known($0) >= known(rule) } ?? false ? best : rule
    }
  }

  /// Whether nothing is kept for a parameter but the rule's own: who keeps something else computes something else.
  private func accounts(forState keys: Set<String>) -> Bool {
    let own = Set(slots.map(\.text))
    // DeepSpeed keeps a copy of half-precision weights beside any optimizer's slots.
    let beside = row.remarks.union(["step", SlotName.master.rawValue])
    if row.isToldBySlots, !keys.isSuperset(of: own) { return false }
    return keys.isSubset(of: own.union(beside))
  }

  /// What a key of the state means, `nil` where it is none of the rule's.
  func word(_ key: String) -> DialectRow.Word? { slots.first { $0.text == key } }

  /// Whether records of a kind fit the rule's files.
  func fits(_ kind: String) -> Bool { kind == self.kind || kind == row.apartKind }
}

extension TorchRule {
  /// The rule that a record's kind is written as, `nil` where PyTorch has none.
  init?(kind: String) {
    guard let own = OptimizerCatalog.description(of: kind) else { return nil }
    let successor = own.successor.flatMap { OptimizerCatalog.description(of: $0) }
    for entry in [own, successor] {
      guard let entry, let row = entry.settings(in: .torch) else { continue }
      self.init(entry, row)
      return
    }
    return nil
  }
}
