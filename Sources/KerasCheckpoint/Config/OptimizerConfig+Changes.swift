internal import ByteIO
internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

extension OptimizerConfig {
  /// The configuration with the records' present values in it.
  ///
  /// - Parameters:
  ///   - record: The optimizer, `nil` to leave the configuration's.
  ///   - schedule: The schedule, `nil` for a constant rate.
  ///   - family: Whose implementation it is.
  ///   - hasState: Whether the file has more of the optimizer than its configuration.
  /// - Returns: The whole configuration, the very same where nothing has changed. What the record does
  ///   not name keeps the configuration's value.
  /// - Throws: `StateError` with code `unsupported` when a change needs other slots than there are, or words that the
  ///   class does not have.
  func updated(
    _ record: OptimizerRecord?,
    _ schedule: ScheduleRecord?,
    _ family: KerasFamily,
    hasState: Bool
  ) throws -> JSONTree {
    guard var record else { return root }
    var schedule = schedule
    if let plain = schedule?.plainRate {
      record.hyperparameters["learning_rate"] = .double(plain)
      schedule = nil
    }
    var result = root
    let place = path + ["config"]
    let old = self.record(family)
    if record.kind != old.kind {
      throw StateError(
        .unsupported,
        "the file's optimizer is a \(className), and another cannot be put in its place",
        found: record.kind,
        remedy: "leave the kind as it is, or convert --to keras-h5 from another format"
      )
    }
    // What the configuration leaves open is as it is by default.
    let resolved = (try? Optimizer(old))?.record.hyperparameters ?? [:]
    var unsaid: [String] = []
    for (name, value) in record.hyperparameters.sorted(by: { $0.key < $1.key })
    where value != old.hyperparameters[name] ?? resolved[name] {
      let key = (values.members ?? []).lazy.compactMap { HyperparameterKey.keras($0.name) }
        .first { $0.hub == name }
      // A schedule object has the rate's place; whoever replaces it takes the rate.
      if name == "learning_rate", hasScheduleObject { continue }
      guard let key else {
        unsaid.append(name)
        continue
      }
      result = result.replacing(place + [key.keras], with: key.json(value))
      try OptimizerConfig(result, at: path)?.check(name, value, family)
    }
    if hasState { try OptimizerConfig(result, at: path)?.checkSlots(of: self, family) }
    guard unsaid.isEmpty else {
      throw StateError(
        .unsupported,
        "the configuration of \(className) has no \(unsaid.joined(separator: ", "))",
        remedy: "leave \(unsaid.joined(separator: ", ")) out"
      )
    }
    guard schedule != self.schedule else { return result }
    return try scheduled(result, schedule, record, family)
  }

  /// Refuses a value that the configuration holds and does not use.
  private func check(_ name: String, _ value: AttributeValue, _ family: KerasFamily) throws {
    let found = record(family).hyperparameters[name]
    if found == value || found != nil && found?.number == value.number { return }
    // What is off need not be said.
    if found == nil, value.number == 0 || value == .bool(false) { return }
    throw StateError(
      .unsupported,
      "\(className) does not use \(name) as the file configures it",
      remedy: "leave \(name) out"
    )
  }

  /// Refuses values that need other slots than a file has, which Keras would then not load.
  private func checkSlots(of old: OptimizerConfig, _ family: KerasFamily) throws {
    let before = old.optionalSlots(family)
    for (name, isOn) in optionalSlots(family).sorted(by: { $0.key < $1.key })
    where before[name] != isOn {
      throw StateError(
        .unsupported,
        isOn
          ? "\(name) needs slots that the file does not have"
          : "the file has slots that need \(name)",
        remedy: "leave \(name) as it is"
      )
    }
  }

  /// Which of the settings that slots depend on are on.
  private func optionalSlots(_ family: KerasFamily) -> [String: Bool] {
    var slots = [
      "amsgrad": flag("amsgrad"), "centered": flag("centered"),
      "accumulation_steps": values["gradient_accumulation_steps"]?.number != nil,
    ]
    if family.hasOptionalMomentum(kind) { slots["momentum"] = values["momentum"]?.number ?? 0 != 0 }
    return slots
  }

  private func scheduled(
    _ tree: JSONTree,
    _ schedule: ScheduleRecord?,
    _ record: OptimizerRecord,
    _ family: KerasFamily
  ) throws -> JSONTree {
    let place = path + ["config"]
    guard let schedule else {
      guard hasScheduleObject, let rate = record.hyperparameters["learning_rate"] else {
        throw StateError(
          .unsupported,
          "no rate is known to replace the file's schedule",
          remedy: "pass --schedule constant:learning_rate=R"
        )
      }
      let json = HyperparameterKey("learning_rate", "learning_rate").json(rate)
      return tree.replacing(place + ["learning_rate"], with: json)
    }
    if let own = known?.keras.schedule, schedule.kind == own.kind {
      return own.words.reduce(tree) { tree, word in
        guard let number = schedule.parameters[word.key]?.number else { return tree }
        return tree.replacing(place + [word.text], with: JSONTree(number: number))
      }
    }
    let old = hasScheduleObject ? values["learning_rate"] : nil
    guard known?.keras.schedule == nil, family != .multiBackend, values["lr_schedule"] == nil,
      let object = try ScheduleConfig.object(schedule, replacing: old, family)
    else {
      throw StateError(
        .unsupported,
        "Keras has no schedule of kind \(schedule.kind) for \(className)",
        remedy: "give another with --schedule, or a plain rate: constant:learning_rate=R"
      )
    }
    return tree.replacing(place + ["learning_rate"], with: object)
  }
}

extension TrainingState {
  /// Whether Keras would find more of the optimizer than its configuration: an SGD without momentum has
  /// its counter only.
  var hasKerasState: Bool {
    globalStep?.value ?? 0 != 0 || variables.contains { !$0.slots.isEmpty }
  }
}

extension ScheduleRecord {
  /// The rate where the schedule is one rate for all updates.
  var plainRate: Double? {
    guard kind == ScheduleKind.constant.rawValue, let schedule = try? Schedule(self),
      schedule.record.parameters["warmup_steps"]?.number == 0
    else { return nil }
    return parameters["learning_rate"]?.number
  }
}

extension TrainingState {
  /// The state with a schedule of one rate as what Keras has for it: a rate without a schedule.
  var withPlainRate: TrainingState {
    guard let rate = schedule?.plainRate else { return self }
    var copy = self
    copy.schedule = nil
    copy.optimizer?.hyperparameters["learning_rate"] = .double(rate)
    return copy
  }
}
