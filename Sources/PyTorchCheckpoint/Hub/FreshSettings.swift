internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// The settings of a new optimizer: the record's, what the slots prove, and what has to be assumed.
struct FreshSettings {
  /// The settings in the words of the core.
  private(set) var values: [String: HyperparameterValue]

  /// Whether the momentum buffers are of no use to PyTorch, and not written.
  let leavesBuffers: Bool

  private let record: OptimizerRecord
  private let optimizer: ResolvedOptimizer
  private let rule: TorchRule
  private let hasBuffers: Bool

  /// Whether the optimizer decays unless it is told not to.
  private let decays: Bool

  /// Finds the settings.
  ///
  /// - Parameters:
  ///   - state: The state.
  ///   - record: Its optimizer.
  ///   - rule: What PyTorch has for it.
  ///   - parameters: The parameters whose slots are written.
  /// - Throws: `StateError` with code `unsupported` when the slots are none that PyTorch could go on
  ///   with, or go with a setting that nobody knows.
  init(
    _ state: TrainingState,
    _ record: OptimizerRecord,
    _ rule: TorchRule,
    _ parameters: [Variable]
  ) throws {
    self.record = record
    self.rule = rule
    // Groups of their own are made elsewhere; the defaults are PyTorch's.
    var plain = state
    plain.optimizer?.groups = []
    optimizer = try ResolvedOptimizer(plain, for: .pytorch)
    values = try optimizer.checkedOptimizer()?.record.hyperparameters ?? record.hyperparameters
    decays = rule.row.standard(of: "weight_decay") ?? 0 != 0 && rule.kind == record.kind
    for word in rule.row.words {
      for name in word.numbers where values[name] == nil {
        if word.content == .decay, !decays || values["l2"] != nil { continue }
        values[name] = rule.row.standard(of: name).map { .double($0) }
      }
      if case .flag(let name) = word.content, case .flag(let flag) = word.standard {
        values[name] = values[name] ?? .bool(flag)
      }
    }
    let slots = Set(parameters.flatMap { $0.slots.map(\.name) })
    // A momentum that is one of the betas is asked for like any other number.
    hasBuffers =
      slots.contains(.momentum) && rule.slots.contains { $0.slot == .momentum }
      && rule.row.words.contains { $0.numbers.contains("momentum") }
    let said = record.hyperparameters
    let holdsSteps = values["buffer"] == .string("step") || state.holdsSteps(record.kind)
    let isMoving = (said["momentum"]?.number).map { $0 != 0 }
    leavesBuffers = hasBuffers && holdsSteps && isMoving == false
    let isRecorded = isMoving == true && values["buffer"] == .string("step")
    if hasBuffers && holdsSteps && isMoving != false || isRecorded {
      throw StateError(
        .unsupported,
        "the momentum buffers hold steps, PyTorch's hold gradients",
        remedy: "leave the slots out with --only parameters"
      )
    }
    if hasBuffers, isMoving == nil {
      throw StateError(
        .unsupported,
        "the state has momentum buffers and does not say its momentum",
        remedy: "pass --optimizer, such as --optimizer \(record.kind):momentum=0.9"
      )
    }
    for word in rule.row.words {
      guard case .flag(let name) = word.content, said[name] == nil else { continue }
      if rule.description.slots(with: name).contains(where: slots.contains) {
        values[name] = .bool(true)
      }
    }
    try checkNumbers()
    try checkDecays()
  }

  /// Refuses two decays, as a group has one number for both, and a decay that the optimizer applies in another way.
  private func checkDecays() throws {
    let all = [values] + record.groups.map { values.merging($0.overrides) { $1 } }
    let isTwofold = all.contains { group in
      ["weight_decay", "l2"].allSatisfy { group[$0]?.number ?? 0 != 0 }
    }
    if isTwofold {
      throw StateError(
        .unsupported,
        "PyTorch's groups have one number for weight_decay and l2",
        remedy: "pass --optimizer with one of them"
      )
    }
    let (foreign, own): (String, String)
    switch rule.row.decay {
    case .penalty: (foreign, own) = ("weight_decay", "l2")
    case .apart: (foreign, own) = ("l2", "weight_decay")
    case .marked, .untold: return
    }
    guard all.contains(where: { $0[foreign]?.number ?? 0 != 0 }) else { return }
    throw StateError(
      .unsupported,
      "PyTorch's \(rule.kind) has \(own) and no \(foreign)",
      remedy: "pass --optimizer with \(own), or leave the slots out with --only parameters"
    )
  }

  /// Refuses a penalty where the Trainer's own optimizer would take it for a decay apart, and says where Adam is AdamW from
  /// now on.
  func checkKind(asTrainer: Bool, _ note: ((String) -> Void)?) throws {
    guard case .marked = rule.row.decay else { return }
    let all = [values] + record.groups.map { values.merging($0.overrides) { $1 } }
    func has(_ decay: String) -> Bool { all.contains { $0[decay]?.number ?? 0 != 0 } }
    if asTrainer, has("l2") {
      throw StateError(
        .unsupported,
        "the Trainer's optimizer takes weight decay apart from the gradient and has no l2",
        remedy: "write --to pytorch, or pass --optimizer with weight_decay"
      )
    }
    if record.kind == RuleKind.adam.rawValue, asTrainer || has("weight_decay") {
      note?(
        "'\(record.kind)' goes on as \(RuleKind.adamw.rawValue), which takes weight decay apart from the gradient"
      )
    }
  }

  /// Whether the record's patterns spare a variable weight decay.
  func isSparedDecay(_ variable: String) throws -> Bool {
    try optimizer.isSparedDecay(variable)
  }

  /// Refuses numbers that nobody says, where PyTorch's own are not what other frameworks have.
  private func checkNumbers() throws {
    guard !rule.row.standsIn else { return }
    let missing = rule.row.words.flatMap(\.numbers).filter { name in
      !Self.isUnasked(name) && name != "weight_decay"
        && record.hyperparameters[name]?.number == nil
    }
    guard missing.isEmpty else {
      throw StateError(
        .unsupported,
        "the state does not say its \(missing.joined(separator: ", "))",
        remedy: "leave the slots out with --only parameters, or convert a file that says it, such "
          + "as a .keras archive"
      )
    }
  }

  private static func isUnasked(_ name: String) -> Bool {
    SettingDescription.of(name)?.isUnasked ?? false
  }

  /// Whether a setting of the record becomes part of the groups, or says how they are made.
  private func held(_ key: String) -> Bool {
    rule.row.words.contains { $0.settings.contains(key) }
      || [
        "learning_rate", "l2", "arithmetic", "square_root", "buffer", "bias_correction",
        "epsilon_placement",
        "exclude_from_weight_decay", "weight_decay_pattern", OptimizerRecord.libraryKey,
      ].contains(key)
  }

  /// Names every value that is none of the state's.
  func tell(_ note: ((String) -> Void)?) {
    if leavesBuffers {
      note?("the momentum is 0: its buffers, which PyTorch would take for gradients, are left out")
    }
    let said = record.hyperparameters
    let homeless = said.merging(record.groups.flatMap(\.overrides)) { $1 }
      .filter { key, value in !held(key) && value.number != 0 && value != .bool(false) }
      .sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    if !homeless.isEmpty {
      note?(
        "PyTorch's \(rule.kind) has no place for \(homeless.joined(separator: ", ")): "
          + "the training loop has to do it"
      )
    }
    if let root = said["square_root"] {
      note?(
        "square_root \(root) is not written: PyTorch's build and the processor decide which root is taken"
      )
    }
    let keys = RuleKind(rawValue: rule.kind)?.keys(in: .pytorch) ?? []
    for key in keys where key.name == "epsilon_placement" {
      guard let value = said[key.name], let standard = key.standard, value != standard else {
        continue
      }
      note?("\(key.name) \(value) is \(standard) from now on, as PyTorch's \(rule.kind) has it")
    }
    guard OptimizerCatalog.description(of: record.kind)?.hasFixedSettings != true else { return }
    var assumed = rule.row.words.flatMap(\.numbers).filter { name in
      let isMeant = name != "weight_decay" || decays && said["l2"] == nil
      return isMeant && !Self.isUnasked(name) && said[name] == nil
    }
    if hasBuffers, !leavesBuffers, rule.row.word(.flag("nesterov")) != nil, said["nesterov"] == nil
    {
      assumed.append("nesterov")
    }
    let words = assumed.compactMap { name in values[name].map { "\(name) \($0)" } }
    if words.isEmpty { return }
    note?("assumed \(words.joined(separator: ", ")): the state does not say, --optimizer can")
  }
}
