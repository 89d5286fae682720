public import OptimizerCore
internal import Tensors
public import TrainingState

/// A state carried on by recorded gradients, to compare with what the framework made of them.
public enum Replay {
  /// Applies recorded gradients to a state.
  ///
  /// - Parameters:
  ///   - state: The state to begin from.
  ///   - gradients: The recorded gradients.
  ///   - steps: How many updates to apply.
  ///   - optimizer: The optimizer, by default the one that the state records.
  ///   - schedule: The schedule, by default the one that the state records.
  ///   - convention: Whose arithmetic to follow, by default the record's own.
  /// - Returns: The state after the updates.
  /// - Throws: `StateError` as ``TrainingRun``; the message says at which update.
  public static func run(
    _ state: TrainingState,
    gradients: GradientFile,
    steps: Int,
    optimizer: OptimizerRecord? = nil,
    schedule: ScheduleRecord? = nil,
    convention: Convention? = nil
  ) throws -> TrainingState {
    guard steps >= 0 else {
      throw StateError(.invalidArgument, "a negative number of updates", found: "\(steps)")
    }
    try state.refuseUnreadOptimizers()
    let run = try TrainingRun(
      resuming: state,
      optimizer: optimizer,
      schedule: schedule,
      convention: convention
    )
    for step in 0..<steps {
      do {
        let recorded = try gradients.gradients(step + 1)
        try StateError.blamingData { try run.apply(exactly: recorded) }
      } catch var error as StateError {
        error.message = "update \(step + 1): " + error.message
        throw error
      }
    }
    return try run.snapshot()
  }
}
