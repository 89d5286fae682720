internal import OptimizerCore
internal import Tensors
internal import TrainingState

extension NamedOptimizer {
  /// A state with nothing but what is known of the optimizer.
  fileprivate var alone: TrainingState {
    TrainingState(
      globalStep: step.map { GlobalStep($0) },
      optimizer: record,
      schedule: schedule,
      origin: Origin("", .unknown)
    )
  }
}

/// What two states say of steps, schedule and optimizer.
enum RecordComparison {
  /// In what the records differ.
  static func differences(_ one: TrainingState, _ other: TrainingState) -> [Difference] {
    globalStep(one, other) + steps(one, other) + schedule(one, other) + optimizer(one, other)
      + optimizers(one, other)
  }

  /// Where both states have several optimizers, each beside the one of its name.
  private static func optimizers(_ one: TrainingState, _ other: TrainingState) -> [Difference] {
    guard one.chosenOptimizer == nil, other.chosenOptimizer == nil else { return [] }
    let names = one.optimizers.map(\.name)
    let all = names + other.optimizers.map(\.name).filter { !names.contains($0) }
    return all.flatMap { name -> [Difference] in
      let pair = [one, other].map { state in state.optimizers.first { $0.name == name } }
      guard let first = pair[0], let second = pair[1] else {
        let place = pair[0] == nil ? "second" : "first"
        return [Difference(.hyperparameters, "only the \(place) state has the optimizer '\(name)'")]
      }
      var found: [Difference] = []
      if first.members != second.members {
        found.append(Difference(.hyperparameters, "the variables differ"))
      }
      let (before, after) = (first.alone, second.alone)
      found += globalStep(before, after) + schedule(before, after) + optimizer(before, after)
      return found.map { Difference($0.kind, "of '\(name)': \($0.message)") }
    }
  }

  private static func globalStep(_ one: TrainingState, _ other: TrainingState) -> [Difference] {
    let (before, after) = (step(of: one), step(of: other))
    guard before != after else { return [] }
    func text(_ step: Int64?) -> String { step.map(String.init) ?? "none" }
    return [Difference(.step, "the global step is \(text(before)) and \(text(after))")]
  }

  /// The global step, or what all variables count where a format counts for each alone.
  private static func step(of state: TrainingState) -> Int64? {
    if let step = state.globalStep?.value { return step }
    let steps = Set(state.variables.compactMap(\.step))
    return steps.count == 1 ? steps.first : nil
  }

  /// Variables that have seen another number of updates, or whose slots began at another.
  private static func steps(_ one: TrainingState, _ other: TrainingState) -> [Difference] {
    let counterparts = Dictionary(other.variables.map { (ExactName($0.name), $0) }) { first, _ in
      first
    }
    let (global, otherGlobal) = (step(of: one), step(of: other))
    return one.variables.flatMap { variable -> [Difference] in
      guard let counterpart = counterparts[ExactName(variable.name)], !variable.slots.isEmpty,
        !counterpart.slots.isEmpty
      else { return [] }
      var found: [Difference] = []
      let (before, after) = (variable.step ?? global, counterpart.step ?? otherGlobal)
      let isCounted = variable.step != nil || counterpart.step != nil
      if isCounted, let before, let after, before != after {
        found.append(
          Difference(.step, variable: variable.name, "its step is \(before) and \(after)")
        )
      }
      for slot in variable.slots {
        guard let its = counterpart[slot.name], slot.history != its.history else { continue }
        found.append(
          Difference(
            .step,
            variable: variable.name,
            slot: slot.name.rawValue,
            "it began at update \(slot.history.start) and \(its.history.start)"
              + (slot.history.isFolded != its.history.isFolded
                ? ", and a correction is folded into one of them" : "")
          )
        )
      }
      return found
    }
  }

  private static func schedule(_ one: TrainingState, _ other: TrainingState) -> [Difference] {
    guard one.schedule != other.schedule else { return [] }
    let (before, after) = (one.schedule?.description, other.schedule?.description)
    return [Difference(.schedule, "the schedule is \(before ?? "none") and \(after ?? "none")")]
  }

  private static func optimizer(_ one: TrainingState, _ other: TrainingState) -> [Difference] {
    guard one.optimizer != other.optimizer else { return [] }
    guard let before = one.optimizer, let after = other.optimizer, before.kind == after.kind else {
      let (before, after) = (one.optimizer?.description, other.optimizer?.description)
      let message = "the optimizer is \(before ?? "none") and \(after ?? "none")"
      return [Difference(.hyperparameters, message)]
    }
    let keys = Set(before.hyperparameters.keys).union(after.hyperparameters.keys).sorted()
    var parts = keys.compactMap { key -> String? in
      let (first, second) = (before.hyperparameters[key], after.hyperparameters[key])
      guard first != second else { return nil }
      return "\(key) is \(first?.description ?? "none") and \(second?.description ?? "none")"
    }
    if before.groups != after.groups {
      parts.append("the parameter groups, \(before.groups.count) and \(after.groups.count), differ")
    }
    return [Difference(.hyperparameters, "of '\(before.kind)' " + parts.joined(separator: ", "))]
  }
}
