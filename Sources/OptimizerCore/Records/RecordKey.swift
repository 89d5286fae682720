/// A key that records of a kind may have, and what it is where they leave it out.
public struct RecordKey: Sendable, Hashable {
  /// The key.
  public let name: String

  /// The value of a record without it, `nil` where there is none: the key is then left unused, or has to be said.
  public let standard: HyperparameterValue?

  /// The words that it may be, empty where it is not one of several.
  public let choices: [String]

  init(_ name: String, standard: HyperparameterValue?, choices: [String] = []) {
    self.name = name
    self.standard = standard
    self.choices = choices
  }
}
