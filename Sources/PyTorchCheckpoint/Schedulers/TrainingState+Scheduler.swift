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

  /// The step that one of several optimizers had when the state was read, `nil` where nothing counted one.
  ///
  /// - Parameter optimizer: Its name.
  /// - Returns: The step.
  package func stepRead(of optimizer: String) -> Int64? {
    if case .int(let step)? = attributes["\(TorchExtras.step):\(optimizer)"] { step } else { nil }
  }

  /// Takes over the schedule of one of several optimizers, or why it is not read.
  ///
  /// - Parameters:
  ///   - scheduler: The scheduler.
  ///   - place: The place of its optimizer.
  ///   - countsAlone: Whether it counts the updates of an optimizer that counts none.
  package mutating func add(_ scheduler: TorchScheduler, at place: Int, countsAlone: Bool) {
    if countsAlone, optimizers[place].step == nil, let calls = scheduler.calls, calls >= 0 {
      optimizers[place].step = calls
    }
    let (record, unread) = scheduler.record(at: optimizers[place].step)
    optimizers[place].schedule = record
    attributes[Self.unreadSchedule(of: optimizers[place].name)] = unread.map { .string($0) }
  }
}
