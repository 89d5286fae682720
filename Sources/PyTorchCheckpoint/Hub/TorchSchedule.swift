internal import OptimizerCore
internal import Tensors
internal import TorchContainer
internal import TrainingState

/// The schedule of a scheduler's dictionary, where that says enough.
///
/// A dictionary does not say its class. `StepLR` and `ExponentialLR` are known by their numbers, if
/// these give the rate on record and the scheduler has been called once per update; a `LambdaLR` keeps its
/// function to itself.
enum TorchSchedule {
  /// The schedule, `nil` where it is not certain.
  ///
  /// - Parameters:
  ///   - scheduler: The dictionary.
  ///   - step: The optimizer's updates so far.
  /// - Returns: The schedule, or `nil`.
  static func find(_ scheduler: PickleValue, step: Int64?) -> ScheduleRecord? {
    guard let gamma = scheduler["gamma"]?.number, scheduler["milestones"] == nil,
      let last = scheduler["last_epoch"]?.int, last == step, last > 0,
      let bases = scheduler["base_lrs"]?.elements?.compactMap(\.number), let base = bases.first,
      bases.allSatisfy({ $0 == base }),
      let rate = scheduler["_last_lr"]?.elements?.first?.number
    else { return nil }
    let record = ScheduleRecord(
      kind: "exponential",
      parameters: [
        "learning_rate": .double(base), "decay_rate": .double(gamma),
        "decay_steps": .int(scheduler["step_size"]?.int ?? 1),
        "staircase": .bool(scheduler["step_size"] != nil),
      ]
    )
    // PyTorch multiplies up what is a power here.
    guard let found = try? Schedule(record).learningRate(at: last),
      abs(found - rate) <= 1e-9 * abs(base)
    else { return nil }
    return record
  }
}
