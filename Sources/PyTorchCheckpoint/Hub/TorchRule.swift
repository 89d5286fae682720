internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors

/// An optimizer of PyTorch's files: its entry in the catalogue, and the row of words that its groups are in.
struct TorchRule: Sendable {
  let description: OptimizerDescription
  let row: SettingRow

  /// The slots' words, in the order of a parameter's state.
  let slots: [DialectRow.Word]

  /// The rules that a file's words are of where they do not tell which; none where they do.
  private(set) var candidates: [TorchRule] = []

  private init(_ description: OptimizerDescription, _ row: SettingRow) {
    self.init(description, row, slots: description.words(in: row.dialect))
  }

  /// The kind of record.
  var kind: String { description.kind }

  /// The rule of the optimizer in timm's Lookahead.
  private var inLookahead: TorchRule {
    TorchRule(description, row.inLookahead, slots: slots + [OptimizerCatalog.lookaheadSlot])
  }

  private init(
    _ description: OptimizerDescription,
    _ row: SettingRow,
    slots: [DialectRow.Word]
  ) {
    self.description = description
    self.row = row
    self.slots = slots
  }

  private static let all = bare + bare.map(\.inLookahead)

  private static let bare = OptimizerCatalog.all.flatMap { known in
    known.settingRows.map { TorchRule(known, $0) }
      .filter { Dialect.torchFamily.contains($0.row.dialect) }
  }

  /// The words of all groups: what one optimizer has and another one lacks is no user's own.
  private static let words = Set(all.flatMap { $0.row.words.map(\.text) })

  /// The rule that a group's keys belong to, `nil` where they are none that is known.
  ///
  /// - Parameters:
  ///   - group: The keys of a group, with the number of elements of those that have some.
  ///   - stateKeys: The keys of what is kept for the parameters.
  /// - Returns: The rule, or `nil`.
  static func recognize(_ group: [String: Int?], _ stateKeys: Set<String>) -> TorchRule? {
    let keys = Set(group.keys)
    let fitting = all.filter { rule in
      keys.isSuperset(of: rule.row.telling) && rule.accounts(forGroup: group)
        && rule.accounts(forState: stateKeys)
    }
    func known(_ rule: TorchRule) -> Int { rule.row.words.count { keys.contains($0.text) } }
    // Of two that are told apart by a mark the first is meant, and the mark is read later.
    guard let most = fitting.map(known).max() else { return nil }
    let best = fitting.filter { known($0) == most }
    var rule = best[0]
    let others = best.filter { $0.kind != rule.kind && $0.kind != rule.row.apartKind }
    if !others.isEmpty || rule.row.isShared { rule.candidates = [rule] + others }
    return rule
  }

  /// Whether a group has no setting but the rule's own, and those with as many numbers.
  private func accounts(forGroup group: [String: Int?]) -> Bool {
    let keys = Set(group.keys)
    let own = Set(row.words.map(\.text)).union(row.unused)
    return row.accounts(for: keys) && Self.words.intersection(keys).isSubset(of: own)
      && row.words.allSatisfy { word in
        guard case .numbers(let names) = word.content, let count = group[word.text] ?? nil else {
          return true
        }
        return count == names.count
      }
  }

  /// Whether nothing is kept for a parameter but the rule's own: who keeps something else computes something else.
  private func accounts(forState keys: Set<String>) -> Bool {
    let own = Set(slots.map(\.text))
    // DeepSpeed keeps a copy of half-precision weights beside any optimizer's slots.
    let beside = row.remarks.union(["step", SlotName.master.rawValue])
    if row.isToldBySlots, !keys.isSuperset(of: required) { return false }
    return keys.isSubset(of: own.union(beside))
  }

  /// The words of the slots that are always there.
  private var required: Set<String> {
    let optional = Set(
      description.slots.filter { $0.presence != .always }.map(\.name)
    )
    return Set(slots.filter { !optional.contains($0.slot) }.map(\.text))
      .subtracting([OptimizerCatalog.lookaheadSlot.text])
  }

  /// What a key of the state means, `nil` where it is none of the rule's, or not in all that it may be.
  func word(_ key: String) -> DialectRow.Word? {
    let own = slots.first { $0.text == key }
    let isAgreed = candidates.allSatisfy { rule in
      !rule.row.isShared && rule.slots.first { $0.text == key }?.slot == own?.slot
    }
    return isAgreed ? own : nil
  }

  /// The one of several candidates that a record says.
  ///
  /// - Parameter kind: The record's kind, `nil` where there is none.
  /// - Returns: The rule that is certain, this one where the kind decides nothing.
  func decided(by kind: String?) -> TorchRule { candidates.first { $0.kind == kind } ?? self }

  /// Whether the files are of the library that a record names; one that names none goes with any.
  func isOf(_ library: String?) -> Bool { library == nil || library == row.library }

  /// Whether records of a kind fit the rule's files.
  func fits(_ kind: String) -> Bool {
    kind == self.kind || kind == row.apartKind || candidates.contains { $0.kind == kind }
  }
}

extension TorchRule {
  /// The rule that a record is written as, `nil` where PyTorch has none.
  ///
  /// - Throws: `StateError` with code `unsupported` where only libraries have it and the record names none of them, or one
  ///   that has it not.
  init?(_ record: OptimizerRecord) throws {
    guard let own = OptimizerCatalog.description(of: record.kind) else { return nil }
    let libraries = own.settingRows.filter { $0.library != nil }
    if record.isInLookahead, let row = own.settings(in: .timm) ?? own.settings(in: .torch) {
      self = TorchRule(own, row).inLookahead
      return
    }
    if let library = record.library {
      guard let row = libraries.first(where: { $0.library == library }) else {
        throw StateError(.unsupported, "\(library) has no optimizer '\(record.kind)'")
      }
      self.init(own, row)
      return
    }
    let successor = own.successor.flatMap { OptimizerCatalog.description(of: $0) }
    for entry in [own, successor] {
      guard let entry, let row = entry.settings(in: .torch) else { continue }
      self.init(entry, row)
      return
    }
    if libraries.isEmpty { return nil }
    let names = libraries.compactMap(\.library)
    throw StateError(
      .unsupported,
      "PyTorch itself has no optimizer '\(record.kind)', \(names.joined(separator: " and ")) "
        + (names.count == 1 ? "has" : "have"),
      remedy: "say whose it is, such as --optimizer \(record.kind):library=\(names[0])"
    )
  }
}
