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
    case pair(Double?, Double?)
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
    for (key, field) in rule.fields where group[key] != nil { take(key, field) }
    // Of PyTorch's arithmetics only the fused kernels' is a setting.
    if group["fused"] == nil, said["arithmetic"] != .string("pytorch_fused") {
      taken.formUnion(["arithmetic", "square_root"])
    }
    try takeDecay(present)
    if group["correct_bias"] != nil, let word = self.said["bias_correction"] {
      values["correct_bias"] = .flag(word != .string("none"))
      taken.insert("bias_correction")
    }
    try refuseRest(present)
    try checkSlots(entries)
  }

  private static func isSame(_ one: HyperparameterValue, _ other: HyperparameterValue) -> Bool {
    if let one = one.number, let other = other.number { return one == other }
    return one == other
  }

  private mutating func take(_ key: String, _ field: TorchRule.Field) {
    func number(_ name: String) -> Double? { said[name]?.number }
    switch field {
    case .number(let name), .bound(let name):
      guard let number = number(name) else { return }
      values[key] = .number(number)
      taken.insert(name)
    case .negative(let name):
      guard let number = number(name) else { return }
      values[key] = .number(-number)
      taken.insert(name)
    case .flag(let name):
      guard case .bool(let flag)? = said[name] else { return }
      values[key] = .flag(flag)
      taken.insert(name)
    case .betas: takePair(key, "beta1", "beta2")
    case .epsilons: takePair(key, "epsilon1", "epsilon2")
    case .fused:
      switch said["arithmetic"] {
      case .string("pytorch"), .string("pytorch_mkl"): values[key] = .unset
      case .string("pytorch_fused"): values[key] = .flag(true)
      default: return
      }
      taken.formUnion(["arithmetic", "square_root"])
    case .pair(let first, let second): takePair(key, first, second)
    case .foreach:
      guard case .bool(let flag)? = said["foreach"] else { return }
      if flag {
        values[key] = .flag(true)
      } else if group[key]?.bool == true {
        values[key] = .unset
      }
      taken.insert("foreach")
    case .count(let name):
      guard let count = number(name).flatMap({ Int64(exactly: $0) }) else { return }
      values[key] = .count(count)
      taken.insert(name)
    case .decay, .decoupled, .off, .unset: return
    }
  }

  private mutating func takePair(_ key: String, _ first: String, _ second: String) {
    let pair = (said[first]?.number, said[second]?.number)
    guard pair.0 != nil || pair.1 != nil else { return }
    let isWhole = pair.0 != nil && pair.1 != nil
    guard isWhole || group[key]?.elements?.count == 2 else { return }
    values[key] = .pair(pair.0, pair.1)
    taken.formUnion([first, second])
  }

  // MARK: Decay

  /// A group has one number for both decays.
  private mutating func takeDecay(_ present: [String: HyperparameterValue]) throws {
    let own = said["weight_decay"]?.number
    let penalty = said["l2"]?.number
    guard own != nil || penalty != nil || isOtherKind, group["weight_decay"] != nil else { return }
    taken.formUnion(["weight_decay", "l2"])
    if own ?? 0 != 0, penalty ?? 0 != 0 {
      throw refusal("one number for weight_decay and l2", "name one of them")
    }
    let isUnmarked = group["decoupled_weight_decay"] == nil
    // The Adam and AdamW of before 2.6 differ in their class, which no file names.
    let isEither = isUnmarked && rule.kind == "adam" && group["correct_bias"] == nil
    let wasOwn = rule.isOwnDecay(group)
    if let own, own != 0 {
      guard !isUnmarked || wasOwn || isEither else {
        throw refusal("only a decay that goes through the gradient", "say l2, not weight_decay")
      }
      values["weight_decay"] = .number(own)
      mark(true)
    } else if let penalty, penalty != 0 {
      guard !isUnmarked || !wasOwn, record.kind != "adamw" else {
        throw refusal("only a decay apart from the gradient", "say weight_decay, not l2")
      }
      values["weight_decay"] = .number(penalty)
      mark(false)
    } else if isOtherKind {
      let isOwn = record.kind == "adamw"
      let number = present[wasOwn ? "weight_decay" : "l2"]?.number ?? 0
      guard own != nil || penalty != nil || number == 0 || isEither else {
        throw refusal(
          "a decay that '\(record.kind)' applies in another way",
          "name weight_decay or l2 as well, 0 for none"
        )
      }
      if number != 0, !isEither || own != nil || penalty != nil {
        values["weight_decay"] = .number(0)
      }
      mark(isOwn)
    } else if (wasOwn ? own : penalty) != nil || isEither {
      values["weight_decay"] = .number(0)
    }
  }

  private mutating func mark(_ isOwn: Bool) {
    if let old = group["decoupled_weight_decay"], old.bool != isOwn {
      values["decoupled_weight_decay"] = .flag(isOwn)
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

  /// Slots that PyTorch looks for once a setting is on.
  private static let needs = [
    (setting: "amsgrad", slot: "max_exp_avg_sq"), (setting: "centered", slot: "grad_avg"),
  ]

  private func checkSlots(_ entries: [PickleValue]) throws {
    var needed = Self.needs.filter { need in
      if case .flag(true)? = values[need.setting] { true } else { false }
    }
    // The buffers of SGD begin by themselves.
    if rule.kind == "rmsprop", case .number(let momentum)? = values["momentum"], momentum != 0 {
      needed.append(("momentum", "momentum_buffer"))
    }
    for (setting, slot) in needed
    where entries.contains(where: { $0.items?.isEmpty == false && $0[slot] == nil }) {
      throw StateError(
        .unsupported,
        "\(setting) needs the slot \(slot), which the file does not have",
        remedy: "leave \(setting) as it is, or leave the slots out with --only parameters"
      )
    }
  }
}
