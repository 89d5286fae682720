internal import OptimizerCore
internal import Tensors
internal import TrainingState

extension Debias {
  /// The state's attribute that keeps what the record said before moments were folded.
  private static let foldedCorrection = "optstate.bias_correction"

  /// The word for a record that left the correction to its rule's default.
  private static let standard = "default"

  /// Makes the record say that the optimizer corrects.
  static func declare(_ state: inout TrainingState, _ plan: inout DebiasPlan) throws {
    guard var record = state.optimizer else {
      throw StateError(
        .unsupported,
        "the state does not say which optimizer it belongs to",
        remedy: "name one that corrects, such as --optimizer adamw:learning_rate=0.001"
      )
    }
    if RuleKind(rawValue: record.kind) == .bertAdamW {
      // Defaults that differ between the two rules are written out; decay is decoupled in both.
      let resolved = try ResolvedOptimizer(state).optimizer?.record.hyperparameters ?? [:]
      for key in ["epsilon", "weight_decay", "exclude_from_weight_decay"] {
        record.hyperparameters[key] = record.hyperparameters[key] ?? resolved[key]
      }
      let old = record.kind
      record.kind = RuleKind.adamw.rawValue
      plan.notes.append("the record was \(old), which never corrects; it is \(record.kind) now")
    }
    let rule = RuleKind(rawValue: record.kind)
    let isAdam = rule == .adam || rule == .adamw
    func corrected(_ values: [String: HyperparameterValue]) -> [String: HyperparameterValue] {
      var copy = values
      let word = copy["bias_correction"]?.word
      if word == "none" || word == "frozen" { copy["bias_correction"] = .string("power") }
      return copy
    }
    if isAdam {
      record.hyperparameters = corrected(record.hyperparameters)
      for place in record.groups.indices {
        record.groups[place].overrides = corrected(record.groups[place].overrides)
      }
      if record.hyperparameters["bias_correction"] == nil {
        record.hyperparameters["bias_correction"] = .string("power")
      }
    }
    state.optimizer = record
  }

  /// Makes the record agree with folded moments, and remembers what it said.
  static func recordFold(
    _ state: inout TrainingState,
    _ optimizer: ResolvedOptimizer,
    _ plan: inout DebiasPlan
  ) {
    if optimizer.hasFrozenCorrection {
      plan.notes.append(
        "the record's correction is frozen at its first step, which makes every update smaller; "
          + "--translate-frozen moves it into the rate"
      )
    }
    if !BetaPowers(state.optimizerTensors).isEmpty {
      plan.notes.append(
        "beta1_power and beta2_power show an optimizer that corrects; folded moments are for one "
          + "that does not"
      )
    }
    guard optimizer.correctsBias == true, let kind = optimizer.record?.kind,
      kind == RuleKind.adam.rawValue || kind == RuleKind.adamw.rawValue
    else { return }
    let old = state.optimizer?.hyperparameters["bias_correction"]?.word
    state.attributes[foldedCorrection] = .string(old ?? standard)
    state.optimizer?.hyperparameters["bias_correction"] = .string("none")
    plan.notes.append(
      "the record said that \(kind) corrects; it says bias_correction=none now, since folded moments "
        + "need an optimizer that does not"
    )
  }

  /// Gives the record back what it said before.
  static func recordUnfold(_ state: inout TrainingState) {
    guard case .string(let old) = state.attributes.removeValue(forKey: foldedCorrection) else {
      return
    }
    state.optimizer?.hyperparameters["bias_correction"] = old == standard ? nil : .string(old)
  }
}
