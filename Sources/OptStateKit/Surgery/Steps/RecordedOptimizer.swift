internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// What a state's optimizer record says, with the defaults of its rule where the rule is known.
struct RecordedOptimizer {
  let record: OptimizerRecord

  /// The optimizer, `nil` where its kind or its keys are none that this library computes.
  let optimizer: Optimizer?

  private let shared: [String: HyperparameterValue]
  private let groups: [ExactName: [String: HyperparameterValue]]

  /// - Returns: `nil` where the state has no record.
  init?(_ state: TrainingState) {
    guard let record = state.optimizer else { return nil }
    self.record = record
    let known =
      record.hyperparameters["arithmetic"] == nil
      ? RuleKind(rawValue: record.kind)?.onlyConvention
        ?? (state.sourceFormat.hasPrefix("tensorflow") || state.sourceFormat.hasPrefix("keras")
          || state.sourceFormat == "optstate" ? .tensorflow : .pytorch)
      : nil
    optimizer = try? Optimizer(record, convention: known)
    shared = record.hyperparameters.merging(optimizer?.record.hyperparameters ?? [:]) { own, _ in
      own
    }
    var groups: [ExactName: [String: HyperparameterValue]] = [:]
    for group in record.groups {
      for member in group.members { groups[ExactName(member)] = group.overrides }
    }
    self.groups = groups
  }

  /// A variable's hyper-parameter: its group's, else the record's, else the rule's default.
  func value(_ key: String, for variable: String) -> HyperparameterValue? {
    groups[ExactName(variable)]?[key] ?? shared[key]
  }

  /// Whether the rule corrects the bias of its moments, `nil` where that is not known.
  var correctsBias: Bool? {
    switch OptimizerCatalog.description(of: record.kind)?.biasCorrection {
    case .recorded: shared["bias_correction"]?.word.map { $0 != "none" }
    case .always: true
    case .never: false
    case .inapplicable, nil: nil
    }
  }

  /// Whether the rule multiplies every update by the correction of the first.
  var isFrozen: Bool {
    record.kind == RuleKind.bertAdamW.rawValue
      && shared["bias_correction"]?.word == BERTAdamW.BiasCorrection.frozen.rawValue
  }
}
