/// The tuple of states that one of optax' optimizers keeps: `alias.py` of optax 0.2.8.
public struct StateTuple: Sendable, Hashable {
  /// A member of the tuple.
  public enum Member: Sendable, Hashable {
    /// The slots of the optimizer's row.
    case slots
    /// What has nothing to keep.
    case empty
    /// The learning rate, which counts where it is a schedule.
    case rate
  }

  /// The members.
  public let members: [Member]

  /// Whether the slots' state counts updates.
  public let isCounted: Bool

  init(_ members: Member..., isCounted: Bool = true) {
    self.members = members
    self.isCounted = isCounted
  }
}
