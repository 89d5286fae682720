internal import Tensors
package import TrainingState

extension TrainingState {
  /// Takes over the schedule that a scheduler says for the state's step, or why it is not read.
  ///
  /// - Parameter scheduler: The scheduler beside the state's optimizer, `nil` where there is none.
  package mutating func add(_ scheduler: TorchScheduler?) {
    if let step = globalStep?.value { attributes[TorchExtras.step] = .int(step) }
    for optimizer in optimizers {
      guard let step = optimizer.step else { continue }
      attributes["\(TorchExtras.step):\(optimizer.name)"] = .int(step)
    }
    guard let (record, unread) = scheduler?.record(at: globalStep?.value) else { return }
    schedule = record
    attributes[Self.unreadScheduleAttribute] = unread.map { .string($0) }
  }
}
