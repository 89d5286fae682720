public import OptimizerCore

/// One of the optimizers of a state that has several, each with variables of its own.
///
/// What it keeps for its variables stands with them: no variable is of two optimizers.
public struct NamedOptimizer: Sendable {
  /// The key under which the source keeps it.
  public let name: String

  /// The optimizer and its hyper-parameters, `nil` where the source does not say.
  public var record: OptimizerRecord?

  /// The learning-rate schedule, `nil` where the source does not say.
  public var schedule: ScheduleRecord?

  /// Updates that it has applied, `nil` where the source does not say.
  public var step: Int64?

  /// Names of its variables, in its order.
  public var members: [String]

  /// Describes an optimizer.
  ///
  /// - Parameters:
  ///   - name: The key under which the source keeps it.
  ///   - record: The optimizer and its hyper-parameters.
  ///   - schedule: The learning-rate schedule.
  ///   - step: Updates that it has applied.
  ///   - members: Names of its variables, in its order.
  public init(
    _ name: String,
    record: OptimizerRecord? = nil,
    schedule: ScheduleRecord? = nil,
    step: Int64? = nil,
    members: [String]
  ) {
    self.name = name
    self.record = record
    self.schedule = schedule
    self.step = step
    self.members = members
  }
}
