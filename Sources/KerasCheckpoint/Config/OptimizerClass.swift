internal import ByteIO
internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// Keras' class for a rule that another framework's state names.
enum OptimizerClass {
  /// The class of a kind, `nil` where Keras has none, or where of its rule only torch's form and torch's settings are
  /// known.
  static func name(of kind: String) -> String? {
    if let rule = RuleKind(rawValue: kind), rule.keys(in: .pytorch) != nil,
      rule.keys(in: .tensorflow) == nil, rule.keys(in: .keras) == nil
    {
      return nil
    }
    return OptimizerCatalog.description(of: kind)?.kerasClass
  }

  /// What is known of the optimizer in the form of a `training_config`, `nil` where nothing is.
  ///
  /// - Parameters:
  ///   - state: The state.
  ///   - note: Told of a schedule that Keras has no class for.
  /// - Returns: The configuration.
  static func training(
    _ state: TrainingState,
    note: (String) -> Void = { _ in }
  ) -> JSONTree? {
    guard let record = state.optimizer, let name = name(of: record.kind) else { return nil }
    var values = JSONTree.object([]).replacing(["name"], with: JSONTree(text: name))
    for (hub, value) in record.hyperparameters.sorted(by: { $0.key < $1.key })
    where !unspoken.contains(hub) && !isTorchs(hub, record.kind) && !isLibrarys(hub, record) {
      let key = HyperparameterKey.hub(hub)
      values = values.replacing([key.keras], with: key.json(value))
    }
    if let schedule = state.schedule {
      let own = OptimizerCatalog.all.lazy.compactMap(\.keras.schedule)
        .first { $0.kind == schedule.kind }
      if let own {
        for word in own.words {
          guard let number = schedule.parameters[word.key]?.number else { continue }
          values = values.replacing([word.text], with: JSONTree(number: number))
        }
      } else if let object = try? ScheduleConfig.object(schedule, replacing: nil, .legacy) {
        values = values.replacing(["learning_rate"], with: object)
      } else {
        note(
          "Keras has no schedule like '\(schedule.kind)' as the state records it: it is left out"
        )
      }
    }
    let optimizer = JSONTree.object([])
      .replacing(["class_name"], with: JSONTree(text: name))
      .replacing(["config"], with: values)
    return JSONTree.object([]).replacing(["optimizer_config"], with: optimizer)
  }

  /// What Keras' optimizers do by themselves.
  private static let unspoken: Set = [
    "arithmetic", "bias_correction", "epsilon_placement", "buffer",
  ]

  /// Whether only torch's form of a rule has a setting.
  private static func isTorchs(_ key: String, _ kind: String) -> Bool {
    func has(_ arithmetic: Arithmetic) -> Bool {
      RuleKind(rawValue: kind)?.keys(in: arithmetic)?.contains { $0.name == key } ?? false
    }
    return has(.pytorch) && !has(.tensorflow) && !has(.keras)
  }

  /// Whether a library's optimizer has a setting that Keras' of the kind does not have.
  private static func isLibrarys(_ key: String, _ record: OptimizerRecord) -> Bool {
    guard record.library != nil, key != "learning_rate" else { return false }
    return ![Arithmetic.keras, .tensorflow].contains { arithmetic in
      RuleKind(rawValue: record.kind)?.keys(in: arithmetic)?.contains { $0.name == key } ?? false
    }
  }

  /// What a record says and the configuration made of it does not, each with its value.
  ///
  /// - Parameter state: The state.
  /// - Returns: Hyper-parameters, none where no configuration is made.
  static func unsaid(_ state: TrainingState) -> [String] {
    guard let record = state.optimizer, let tree = training(state),
      let read = OptimizerConfig(training: tree)?.record(.legacy)
    else { return [] }
    let standard = (try? Optimizer(read))?.record.hyperparameters ?? [:]
    return record.hyperparameters.sorted { $0.key < $1.key }.compactMap { key, value in
      let found = read.hyperparameters[key] ?? standard[key]
      let isSame = found == value || found?.number != nil && found?.number == value.number
      // A schedule gives the rate; whose roundings are followed is Keras' matter.
      if isSame || key == "arithmetic" || key == "learning_rate" { return nil }
      return "\(key) \(value)"
    }
  }
}
