internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TorchContainer

/// What becomes of one group's settings where a record says something else than they do.
///
/// What the record does not name stays as it is; what the group has no place for is refused.
struct SettingsChange {
  /// A setting's new value.
  enum Value {
    case number(Double)
    case count(Int64)
    case flag(Bool)
    case numbers([Double?])
    case unset
  }

  /// New values by the group's keys.
  private(set) var values: [String: Value] = [:]

  private let rule: TorchRule
  private let group: PickleValue
  private let record: OptimizerRecord
  private let isOtherKind: Bool
  private let said: [String: HyperparameterValue]
  private var taken: Set<String> = []

  /// Finds the change.
  ///
  /// - Parameters:
  ///   - rule: The rule that the group's keys belong to.
  ///   - group: The group's settings.
  ///   - present: What they say now.
  ///   - said: What they shall say, the same included.
  ///   - record: The state's record.
  ///   - isOtherKind: Whether its kind is not the file's.
  ///   - entries: What is kept for the group's parameters.
  /// - Throws: `StateError` with code `unsupported` when the group has no place for a value, or its
  ///   parameters lack the slots that it needs.
  init(
    _ rule: TorchRule,
    _ group: PickleValue,
    present: [String: HyperparameterValue],
    said: [String: HyperparameterValue],
    record: OptimizerRecord,
    isOtherKind: Bool,
    entries: [PickleValue]
  ) throws {
    self.rule = rule
    self.group = group
    self.record = record
    self.isOtherKind = isOtherKind
    self.said = said.filter { key, value in
      present[key].map { !Self.isSame($0, value) } ?? true
    }
    for word in rule.row.words where group[word.text] != nil { take(word) }
    // Of PyTorch's arithmetics only the fused kernels' is a setting.
    if rule.row.word(.fusing).flatMap({ group[$0] }) == nil, !Self.isFused(said) {
      taken.formUnion(["arithmetic", "square_root"])
    }
    taken.insert(OptimizerRecord.libraryKey)
    try takeDecay(present)
    try refuseRest(present)
    try checkSlots(entries)
  }

  private static func isSame(_ one: HyperparameterValue, _ other: HyperparameterValue) -> Bool {
    if let one = one.number, let other = other.number { return one == other }
    return one == other
  }

  private static func isFused(_ said: [String: HyperparameterValue]) -> Bool {
    said["arithmetic"] == .string(Arithmetic.pytorchFused.rawValue)
  }

  private mutating func take(_ word: SettingWord) {
    let key = word.text
    func number(_ name: String) -> Double? { said[name]?.number }
    switch word.content {
    case .number(let name), .bound(let name), .vector(let name):
      guard let number = number(name) else { return }
      values[key] = .number(number)
      taken.insert(name)
    case .negated(let name):
      guard let number = number(name) else { return }
      values[key] = .number(-number)
      taken.insert(name)
    case .flag(let name):
      guard case .bool(let flag)? = said[name] else { return }
      values[key] = .flag(flag)
      taken.insert(name)
    case .numbers(let names): takeNumbers(key, names)
    case .fusing:
      guard let name = said["arithmetic"]?.word, let arithmetic = Arithmetic(rawValue: name),
        arithmetic.convention == .pytorch
      else { return }
      values[key] = arithmetic == .pytorchFused ? .flag(true) : .unset
      taken.formUnion(["arithmetic", "square_root"])
    case .switched(let name):
      guard case .bool(let flag)? = said[name] else { return }
      if flag {
        values[key] = .flag(true)
      } else if group[key]?.bool == true {
        values[key] = .unset
      }
      taken.insert(name)
    case .count(let name):
      guard let count = number(name).flatMap({ Int64(exactly: $0) }) else { return }
      values[key] = .count(count)
      taken.insert(name)
    case .correction:
      guard let word = said["bias_correction"] else { return }
      values[key] = .flag(word != .string("none"))
      taken.insert("bias_correction")
    case .decay, .decoupling, .list, .word, .unrecorded: return
    }
  }

  private mutating func takeNumbers(_ key: String, _ names: [String]) {
    let numbers = names.map { said[$0]?.number }
    guard numbers.contains(where: { $0 != nil }) else { return }
    let isWhole = !numbers.contains { $0 == nil }
    guard isWhole || group[key]?.elements?.count == names.count else { return }
    values[key] = .numbers(numbers)
    taken.formUnion(names)
  }

  // MARK: Decay

  /// A group has one number for both decays.
  private mutating func takeDecay(_ present: [String: HyperparameterValue]) throws {
    let own = said["weight_decay"]?.number
    let penalty = said["l2"]?.number
    guard own != nil || penalty != nil || isOtherKind, let key = rule.row.word(.decay),
      group[key] != nil
    else { return }
    taken.formUnion(["weight_decay", "l2"])
    if own ?? 0 != 0, penalty ?? 0 != 0 {
      throw refusal("one number for weight_decay and l2", "name one of them")
    }
    let isUnmarked = rule.row.decayMark.flatMap { group[$0] } == nil
    // The Adam and AdamW of before 2.6 differ in their class, which no file names.
    let isEither = isUnmarked && rule.row.apartKind != nil
    let isOfApartKind = rule.row.apartKind == record.kind
    let wasOwn = rule.isOwnDecay(group)
    if let own, own != 0 {
      guard !isUnmarked || wasOwn || isEither else {
        throw refusal("only a decay that goes through the gradient", "say l2, not weight_decay")
      }
      values[key] = .number(own)
      mark(true)
    } else if let penalty, penalty != 0 {
      guard !isUnmarked || !wasOwn, !isOfApartKind else {
        throw refusal("only a decay apart from the gradient", "say weight_decay, not l2")
      }
      values[key] = .number(penalty)
      mark(false)
    } else if isOtherKind {
      let number = present[wasOwn ? "weight_decay" : "l2"]?.number ?? 0
      guard own != nil || penalty != nil || number == 0 || isEither else {
        throw refusal(
          "a decay that '\(record.kind)' applies in another way",
          "name weight_decay or l2 as well, 0 for none"
        )
      }
      if number != 0, !isEither || own != nil || penalty != nil {
        values[key] = .number(0)
      }
      mark(isOfApartKind)
    } else if (wasOwn ? own : penalty) != nil || isEither {
      values[key] = .number(0)
    }
  }

  private mutating func mark(_ isOwn: Bool) {
    if let word = rule.row.decayMark, let old = group[word], old.bool != isOwn {
      values[word] = .flag(isOwn)
    }
  }

  // MARK: Refusals

  private func refusal(_ what: String, _ remedy: String) -> StateError {
    StateError(.unsupported, "the file's optimizer has \(what)", remedy: remedy)
  }

  /// Refuses what no setting took, unless PyTorch does so without being told.
  private func refuseRest(_ present: [String: HyperparameterValue]) throws {
    let rest = said.filter { !taken.contains($0.key) }
    if rest.isEmpty { return }
    let own = OptimizerRecord(kind: record.kind, hyperparameters: present)
    let resolved = (try? Optimizer(own))?.record.hyperparameters ?? [:]
    for (key, value) in rest.sorted(by: { $0.key < $1.key }) {
      if let standard = resolved[key], Self.isSame(standard, value) { continue }
      // Bounds of 0 are none.
      if resolved[key] == nil, value.number == 0 { continue }
      throw StateError(
        .unsupported,
        "the settings of PyTorch's \(rule.kind) have no place for \(key)",
        remedy: "leave it out, or write the state in another format"
      )
    }
  }

  /// Refuses to turn on what needs slots that the parameters' entries do not have.
  private func checkSlots(_ entries: [PickleValue]) throws {
    for word in rule.row.words {
      guard let setting = word.settings.first, isOn(values[word.text]) else { continue }
      for slot in rule.description.slots(with: setting) {
        guard let key = rule.slots.first(where: { $0.slot == slot })?.text,
          entries.contains(where: { $0.items?.isEmpty == false && $0[key] == nil })
        else { continue }
        throw StateError(
          .unsupported,
          "\(setting) needs the slot \(key), which the file does not have",
          remedy: "leave \(setting) as it is, or leave the slots out with --only parameters"
        )
      }
    }
  }

  private func isOn(_ value: Value?) -> Bool {
    switch value {
    case .number(let number)?: number != 0
    case .flag(let flag)?: flag
    case .count, .numbers, .unset, nil: false
    }
  }
}
