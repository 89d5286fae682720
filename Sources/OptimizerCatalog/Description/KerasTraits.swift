/// What Keras' configurations tell of an optimizer beside its class and its settings.
public struct KerasTraits: Sendable, Hashable {
  /// Words of a configuration that tell the optimizer whatever the class is called.
  public struct Mark: Sendable, Hashable {
    /// The classes that it counts for.
    public enum Scope: Sendable, Hashable {
      /// Every class.
      case any
      /// Classes of one kind of optimizer, and those that are not known.
      case kind(String)
      /// Classes that are not known.
      case unknown
    }

    /// The words, all of which the configuration has.
    public let words: Set<String>

    /// The classes that it counts for.
    public let scope: Scope
  }

  /// A schedule that is among the optimizer's own settings.
  public struct OwnSchedule: Sendable, Hashable {
    /// The kind of its record.
    public let kind: String

    /// The words for its numbers, and the record's.
    public let words: [Word]

    /// A number of the schedule.
    public struct Word: Sendable, Hashable {
      /// The configuration's word.
      public let text: String

      /// The record's word.
      public let key: String

      /// Whether it is a whole number.
      public let isCount: Bool
    }
  }

  /// What tells the optimizer.
  public let mark: Mark?

  /// Its own schedule, `nil` where a schedule is an object of its own.
  public let schedule: OwnSchedule?

  /// Switches of the configuration that the rule does not have, and that say nothing where they are off.
  public let idleSwitches: Set<String>

  /// Whether its one implementation is all the arithmetic there is.
  public let isItsOwnArithmetic: Bool

  /// Naming conventions of models that are trained with it.
  public let namings: Set<String>

  /// Whether its class counted no updates before Keras 2.3.
  public let wasUncounted: Bool

  init(
    mark: Mark? = nil,
    schedule: OwnSchedule? = nil,
    idleSwitches: Set<String> = [],
    isItsOwnArithmetic: Bool = false,
    namings: Set<String> = [],
    wasUncounted: Bool = false
  ) {
    self.mark = mark
    self.schedule = schedule
    self.idleSwitches = idleSwitches
    self.isItsOwnArithmetic = isItsOwnArithmetic
    self.namings = namings
    self.wasUncounted = wasUncounted
  }
}
