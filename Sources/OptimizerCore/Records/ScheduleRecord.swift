public import Tensors

/// What a training state knows of its learning-rate schedule: the kind and its numbers.
///
/// A record is data and does no arithmetic; a ``Schedule`` is built from it.
public struct ScheduleRecord: Sendable, Hashable {
  /// The schedule's kind, a raw value of ``ScheduleKind`` where this library has the schedule.
  public var kind: String

  /// The schedule's numbers by name; what is absent has the kind's default.
  public var parameters: [String: HyperparameterValue]

  /// Describes a schedule.
  ///
  /// - Parameters:
  ///   - kind: The schedule's kind.
  ///   - parameters: Its numbers by name.
  public init(kind: String, parameters: [String: HyperparameterValue] = [:]) {
    self.kind = kind
    self.parameters = parameters
  }

  /// Reads a record from a spec such as
  /// `bert:learning_rate=0.0001,num_train_steps=100000,num_warmup_steps=10000`.
  ///
  /// The syntax is that of ``OptimizerRecord/init(spec:)``.
  ///
  /// - Parameter spec: The text.
  /// - Throws: `StateError` with code `invalidArgument` when the text is no spec, the kind is
  ///   unknown or a key is none of the kind's; the message lists what there is.
  public init(spec: String) throws {
    let (kind, parameters) = try SpecText.parse(spec)
    self.init(kind: kind, parameters: parameters)
    _ = try Schedule(self)
  }

  /// Reads the spec of a part of another schedule, which has no rate of its own.
  ///
  /// - Parameter spec: The text.
  /// - Throws: `StateError` with code `invalidArgument` when the text is no spec.
  package init(partSpec spec: String) throws {
    let (kind, parameters) = try SpecText.parse(spec)
    self.init(kind: kind, parameters: parameters)
  }
}

extension ScheduleRecord {
  /// Refuses a record that came with a state and of which no schedule can be made.
  ///
  /// - Throws: `StateError` with code `malformed`.
  package func checkRecorded() throws {
    _ = try StateError.blamingData { try Schedule(self) }
  }
}

extension ScheduleRecord: CustomStringConvertible {
  /// The spec, keys in alphabetical order.
  public var description: String { SpecText.print(kind, parameters) }
}
