public import OptimizerCore
public import Tensors
internal import TrainingState

/// One of several optimizers of a state, as an inspection shows it.
public struct OptimizerSummary: Sendable {
  /// The key under which the source keeps it.
  public let name: String

  /// The optimizer and its hyper-parameters, `nil` where the source does not say.
  public let record: OptimizerRecord?

  /// The schedule, `nil` where the source does not say.
  public let schedule: ScheduleRecord?

  /// Updates that it has applied, `nil` where nothing counts them.
  public let step: Int64?

  /// How many variables are its own.
  public let variables: Int

  /// How many of them have each slot.
  public let slots: [SlotName: Int]

  init(_ optimizer: NamedOptimizer, in state: TrainingState) {
    name = optimizer.name
    record = optimizer.record
    schedule = optimizer.schedule
    step = optimizer.step
    variables = optimizer.members.count
    let own = Set(optimizer.members.map(ExactName.init))
    var slots: [SlotName: Int] = [:]
    for variable in state.variables where own.contains(ExactName(variable.name)) {
      for slot in variable.slots { slots[slot.name, default: 0] += 1 }
    }
    self.slots = slots
  }

  /// The rate of the next update, `nil` where schedule or step are not known or make no sense.
  public var learningRate: Double? {
    guard let schedule, let step else { return nil }
    return try? Schedule(schedule).learningRate(at: step)
  }
}
