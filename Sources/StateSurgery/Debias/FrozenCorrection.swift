internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// The published variant of BERT's optimizer whose correction stays that of the first step.
///
/// It multiplies every update, decay included, by `√(1 − beta2)/(1 − beta1)`, 0.316 for 0.9 and 0.999;
/// so does a learning rate that is smaller by as much, without any correction.
struct FrozenCorrection {
  let beta1: Double?
  let beta2: Double?

  /// Parameters of schedules that are rates; every other one is a ratio or a count.
  private static let rates = [
    "learning_rate", "end_learning_rate", "min_learning_rate", "warmup_learning_rate",
  ]

  /// The state with the factor moved into the learning rate.
  ///
  /// - Returns: The state and the factor.
  /// - Throws: `StateError` with code `unsupported` when the record is not of that variant or nobody
  ///   says what the rate is.
  func translate(_ state: TrainingState) throws -> (state: TrainingState, factor: Double) {
    let optimizer = try ResolvedOptimizer(state, betas: (beta1, beta2))
    guard var record = state.optimizer, optimizer.hasFrozenCorrection else {
      throw StateError(
        .unsupported,
        "the record is not that of a correction frozen at its first step",
        expected: "\(RuleKind.bertAdamW.rawValue) with bias_correction=frozen",
        remedy: "say so with --optimizer \(RuleKind.bertAdamW.rawValue):bias_correction=frozen"
      )
    }
    let factors = Set(
      try state.variables.filter { !$0.slots.isEmpty }.map { variable in
        BERTAdamW.frozenFactor(
          beta1: try optimizer.knownBeta(.beta1, for: variable.name),
          beta2: try optimizer.knownBeta(.beta2, for: variable.name)
        )
      }
    )
    guard factors.count <= 1 else {
      throw StateError(.unsupported, "parameter groups have factors of their own")
    }
    let factor =
      try factors.first
      ?? BERTAdamW.frozenFactor(
        beta1: optimizer.knownBeta(.beta1, for: ""),
        beta2: optimizer.knownBeta(.beta2, for: "")
      )
    var copy = state
    record.hyperparameters["bias_correction"] = .string("none")
    Self.scale(&record.hyperparameters, ["learning_rate"], factor)
    for place in record.groups.indices {
      Self.scale(&record.groups[place].overrides, ["learning_rate"], factor)
      record.groups[place].overrides["bias_correction"] = nil
    }
    if let schedule = state.schedule {
      var resolved = try StateError.blamingData { try Schedule(schedule).record }
      Self.scale(&resolved.parameters, Self.rates, factor)
      if case .doubles(let values) = resolved.parameters["values"] {
        resolved.parameters["values"] = .doubles(values.map { $0 * factor })
      }
      copy.schedule = resolved
    } else if record.hyperparameters["learning_rate"] == nil {
      throw StateError(
        .unsupported,
        "nobody says what the learning rate is",
        remedy: "pass --schedule, or --learning_rate and --num_train_steps"
      )
    }
    copy.optimizer = record
    return (copy, factor)
  }

  private static func scale(
    _ values: inout [String: HyperparameterValue],
    _ keys: [String],
    _ factor: Double
  ) {
    for key in keys {
      if let number = values[key]?.number { values[key] = .double(number * factor) }
    }
  }
}
