internal import Tensors

/// Which of several optimizers a state is seen through, and what is out of sight meanwhile.
struct OptimizerChoice: Sendable {
  /// What another optimizer keeps for a variable.
  struct Aside: Sendable {
    let slots: [Slot]
    let step: Int64?
  }

  let name: String
  let globalStep: GlobalStep?
  let aside: [ExactName: Aside]
}

extension TrainingState {
  /// The optimizer that the state is seen through, `nil` where it is seen whole.
  public var chosenOptimizer: String? { choice?.name }

  /// The state seen through one of its optimizers, as if that were the only one.
  ///
  /// Optimizer, schedule and step are its own, and no variable has slots but those that it keeps. What is out of sight
  /// stays with the state, and ``whole`` brings it back.
  ///
  /// - Parameter name: One of the names in ``optimizers``.
  /// - Returns: The state.
  /// - Throws: `StateError` with code `invalidArgument` when there is none of that name; the message lists what there is.
  public func choosing(_ name: String) throws -> TrainingState {
    var copy = whole
    guard let chosen = optimizers.first(where: { ExactName($0.name) == ExactName(name) }) else {
      throw StateError(
        .invalidArgument,
        "there is no optimizer '\(name)'",
        expected: optimizers.isEmpty
          ? "no name: the state does not have several" : "one of \(optimizerNames)"
      )
    }
    var aside: [ExactName: OptimizerChoice.Aside] = [:]
    let own = Set(chosen.members.map(ExactName.init))
    for (place, variable) in copy.variables.enumerated() {
      let key = ExactName(variable.name)
      if own.contains(key) || variable.slots.isEmpty && variable.step == nil { continue }
      aside[key] = .init(slots: variable.slots, step: variable.step)
      copy.variables[place].slots = []
      copy.variables[place].step = nil
    }
    copy.choice = OptimizerChoice(name: chosen.name, globalStep: copy.globalStep, aside: aside)
    copy.optimizer = chosen.record
    copy.schedule = chosen.schedule
    copy.attributes[Self.unreadScheduleAttribute] = attributes[Self.unreadSchedule(of: chosen.name)]
    copy.globalStep = chosen.step.map { GlobalStep($0) }
    return copy
  }

  /// The state with all of its optimizers, the one that it was seen through as it has become.
  public var whole: TrainingState {
    guard let choice else { return self }
    var copy = self
    copy.choice = nil
    if let place = optimizers.firstIndex(where: { ExactName($0.name) == ExactName(choice.name) }) {
      copy.optimizers[place].record = optimizer
      copy.optimizers[place].schedule = schedule
      copy.optimizers[place].step = globalStep?.value
    }
    copy.optimizer = nil
    copy.schedule = nil
    copy.attributes[Self.unreadScheduleAttribute] = nil
    copy.globalStep = choice.globalStep
    for (place, variable) in variables.enumerated() {
      guard let kept = choice.aside[ExactName(variable.name)] else { continue }
      copy.variables[place].slots = kept.slots
      copy.variables[place].step = kept.step
    }
    return copy
  }

  /// The state with the optimizer that it is seen through as its only one; seen whole, it stays as it is.
  public var withoutOthers: TrainingState {
    guard choice != nil else { return self }
    var copy = self
    copy.choice = nil
    copy.optimizers = []
    return copy
  }

  /// The state seen through each of its optimizers in turn, with the variables of that one alone; the first has those as
  /// well that are of none, and what belongs to the state as a whole.
  ///
  /// A state that does not have several is the only part; one that is seen through one of them is so, too.
  public var parts: [(name: String?, state: TrainingState)] {
    if optimizers.isEmpty { return [(nil, self)] }
    let owned = Set(optimizers.flatMap(\.members).map(ExactName.init))
    return optimizers.enumerated().compactMap { place, optimizer in
      let isChosen = choice.map { ExactName($0.name) == ExactName(optimizer.name) }
      guard isChosen != false, var part = try? choosing(optimizer.name).withoutOthers else {
        return nil
      }
      let own = Set(optimizer.members.map(ExactName.init))
      let isFirst = isChosen == nil && place == 0
      part.variables = part.variables.filter { variable in
        let key = ExactName(variable.name)
        return own.contains(key) || isFirst && !owned.contains(key)
      }
      if !isFirst {
        part.extras = []
        part.optimizerTensors = []
      }
      return (optimizer.name, part)
    }
  }

  /// The updates that one of several optimizers has applied, or the state as a whole.
  ///
  /// - Parameter optimizer: The optimizer's name, `nil` for the whole state.
  /// - Returns: The step, `nil` where it is not known.
  public func step(of optimizer: String?) -> Int64? {
    guard let optimizer else { return globalStep?.value }
    if choice?.name == optimizer { return globalStep?.value }
    return optimizers.first { ExactName($0.name) == ExactName(optimizer) }?.step
  }

  /// Refuses a state in which nobody says which of several optimizers is meant.
  ///
  /// - Throws: `StateError` with code `unsupported` that names them.
  public func checkIsOfOneOptimizer() throws {
    guard choice == nil, !optimizers.isEmpty else { return }
    throw StateError(
      .unsupported,
      "the state has several optimizers: \(optimizerNames)",
      remedy: "say with --optimizer-name which is meant"
    )
  }

  private var optimizerNames: String { optimizers.map(\.name).joined(separator: ", ") }

  /// Refuses optimizers that share a name or a variable, or own one that the state does not have.
  ///
  /// - Throws: `StateError` with code `unsupported` when two of them claim one variable, `malformed` otherwise.
  package func checkOptimizers() throws {
    let known = Set(variables.map { ExactName($0.name) })
    var owners: [ExactName: String] = [:]
    var names: Set<ExactName> = []
    for optimizer in optimizers {
      guard names.insert(ExactName(optimizer.name)).inserted else {
        throw StateError(.malformed, "two optimizers have one name", tensor: optimizer.name)
      }
      for member in optimizer.members {
        guard known.contains(ExactName(member)) else {
          throw StateError(
            .malformed,
            "optimizer '\(optimizer.name)' has a variable that the state does not have",
            tensor: member
          )
        }
        guard let other = owners.updateValue(optimizer.name, forKey: ExactName(member)) else {
          continue
        }
        throw StateError(
          .unsupported,
          "the optimizers '\(other)' and '\(optimizer.name)' both claim the variable",
          tensor: member,
          expected: "one optimizer at most",
          remedy: "leave both out with --only parameters"
        )
      }
    }
  }
}
