extension Likeness {
  /// Why a tensor of the target holds what it holds.
  public enum Match: String, Sendable, Hashable, CaseIterable {
    /// State and template call it alike.
    case name
    /// One name is the end of the other.
    case suffix
    /// It is a second name of another tensor of the template.
    case tied
    /// Nothing else has its shape.
    case shape
    /// It stands at the same place among tensors that no name tells apart.
    case order
    /// It is a number of the state's: the step, the rate, or what follows from them.
    case number
    /// The state has nothing for it; it is as before the first update.
    case beginning
    /// It is the template's own.
    case template
  }

  /// A tensor of the target and where it comes from.
  public struct Row: Sendable, Hashable {
    /// Its name in the target.
    public let target: String

    /// The state's name of what it holds, `nil` where it is not the state's.
    public let source: String?

    /// Why.
    public let match: Match

    init(_ target: String, _ source: String?, _ match: Match) {
      self.target = target
      self.source = source
      self.match = match
    }
  }
}
