/// Which part of a state a conversion takes over.
public enum StatePart: String, Sendable, CaseIterable {
  /// Everything.
  case all
  /// The variables' own values: what a release checkpoint holds.
  case parameters
  /// Slots, steps and what is known of optimizer and schedule.
  case slots
}
