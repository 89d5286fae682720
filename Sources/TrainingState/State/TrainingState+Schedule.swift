internal import OptimizerCore
internal import Tensors

extension TrainingState {
  /// Among the attributes: why a schedule that the source has is not read.
  package static let unreadScheduleAttribute = "schedule.unread"

  /// The attribute for one of several optimizers.
  package static func unreadSchedule(of optimizer: String) -> String {
    "\(unreadScheduleAttribute):\(optimizer)"
  }

  /// What the source's schedule is and why it is not read, a sentence; `nil` where it is read or the source has none.
  public var unreadSchedule: String? {
    guard schedule == nil, case .string(let why)? = attributes[Self.unreadScheduleAttribute] else {
      return nil
    }
    return why
  }
}
