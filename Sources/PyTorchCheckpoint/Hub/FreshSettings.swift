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

  /// Settings that mean nothing unless somebody asks for them, that the slots prove, or that have
  /// done their work by the first step.
  private static let unasked: Set = [
    "learning_rate", "learning_rate_decay", "momentum", "dampening", "initial_accumulator_value",
  ]

  /// Rules whose code has their settings in it.
  private static let fixed: Set = ["bert_adamw"]

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
    let slots = Set(parameters.flatMap { $0.slots.map(\.name) })
    hasBuffers = slots.contains(.momentum) && rule.slots.contains { $0.slot == .momentum }
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
    if said["amsgrad"] == nil, slots.contains(.greatestSecondMoment) {
      values["amsgrad"] = .bool(true)
    }
    if said["centered"] == nil, slots.contains(.meanGradient) { values["centered"] = .bool(true) }
    try checkNumbers()
    try checkDecays()
  }

  /// Refuses two decays: a group has one number for both.
  private func checkDecays() throws {
    let all = [values] + record.groups.map { values.merging($0.overrides) { $1 } }
    let isTwofold = all.contains { group in
      ["weight_decay", "l2"].allSatisfy { group[$0]?.number ?? 0 != 0 }
    }
    guard isTwofold else { return }
    throw StateError(
      .unsupported,
      "PyTorch's groups have one number for weight_decay and l2",
      remedy: "pass --optimizer with one of them"
    )
  }

  /// Whether the record's patterns spare a variable weight decay.
  func isSparedDecay(_ variable: String) throws -> Bool {
    try optimizer.isSparedDecay(variable)
  }

  /// Refuses numbers that nobody says, where PyTorch's own are not what other frameworks have.
  private func checkNumbers() throws {
    guard !rule.hasUsualNumbers else { return }
    let missing = rule.fields.flatMap { Self.names($0.field) }.filter { name in
      !Self.unasked.contains(name) && name != "weight_decay"
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

  /// The record's keys behind a field that holds numbers.
  private static func names(_ field: TorchRule.Field) -> [String] {
    switch field {
    case .number(let name), .negative(let name), .bound(let name): [name]
    case .betas: ["beta1", "beta2"]
    case .decay: ["weight_decay"]
    case .epsilons: ["epsilon1", "epsilon2"]
    case .pair(let first, let second): [first, second]
    case .count(let name): [name]
    case .flag, .decoupled, .fused, .foreach, .off, .unset: []
    }
  }

  /// Whether a setting of the record becomes part of the groups, or says how they are made.
  private func held(_ key: String) -> Bool {
    let fields = rule.fields.flatMap { field -> [String] in
      if case .flag(let name) = field.field { return [name] }
      if case .foreach = field.field { return ["foreach"] }
      return Self.names(field.field)
    }
    return fields.contains(key)
      || [
        "learning_rate", "l2", "arithmetic", "square_root", "buffer", "bias_correction",
        "epsilon_placement",
        "exclude_from_weight_decay", "weight_decay_pattern",
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
    guard !Self.fixed.contains(record.kind) else { return }
    var assumed = rule.fields.flatMap { Self.names($0.field) }.filter { name in
      // Only AdamW decays unless told not to.
      let isMeant = name != "weight_decay" || record.kind == "adamw" && said["l2"] == nil
      return isMeant && !Self.unasked.contains(name) && said[name] == nil
    }
    if hasBuffers, !leavesBuffers, rule.kind == "sgd", said["nesterov"] == nil {
      assumed.append("nesterov")
    }
    let words = assumed.compactMap { name in values[name].map { "\(name) \($0)" } }
    if words.isEmpty { return }
    note?("assumed \(words.joined(separator: ", ")): the state does not say, --optimizer can")
  }
}
