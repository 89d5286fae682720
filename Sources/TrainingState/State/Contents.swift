internal import Tensors

/// What a parser enumerated in an input, before any reader decided what each member is.
///
/// A reader lists every tensor, and every object that may be an optimizer's, as its parser has them. What it then makes of
/// them is looked up in the state itself: a tensor is accounted for by being in it under the name that the parser gave
/// it. Of a number that became a step, and of an object that became a record, the state keeps no such trace: these are
/// claimed. What is neither in the state nor claimed nobody has looked at, whatever a reader says of itself.
public struct Contents: Sendable {
  /// A tensor or an object.
  public struct Member: Sendable {
    /// Its name in the input, which is the `sourceName`, or else the `name`, of the state's tensor.
    public let name: String

    /// Its bytes, 0 for an object.
    public let bytes: Int
  }

  /// The members in the parser's order.
  public private(set) var members: [Member] = []

  private(set) var claims: [ExactName: Account.Column] = [:]

  /// Lists nothing yet.
  public init() {}

  /// Lists tensors as a reader is given them.
  ///
  /// - Parameter tensors: The parser's tensors, by the names that the state's will have as their sources'.
  public init(_ tensors: [StateTensor]) {
    members = tensors.map {
      Member(name: $0.place ?? $0.sourceName ?? $0.name, bytes: $0.tensor.byteCount)
    }
  }

  /// Lists a member.
  ///
  /// - Parameters:
  ///   - name: Its name in the input.
  ///   - bytes: Its bytes, 0 for an object.
  public mutating func add(_ name: String, bytes: Int = 0) {
    members.append(Member(name: name, bytes: bytes))
  }

  /// Accounts for a member that leaves no tensor in the state.
  ///
  /// - Parameters:
  ///   - name: Its name in the input.
  ///   - column: What it is.
  public mutating func claim(_ name: String, as column: Account.Column) {
    claims[ExactName(name)] = column
  }

  /// Withdraws what was said of members, of which nothing is believed any more.
  mutating func withdrawClaims() { claims = [:] }

  /// Takes in what another file of the same input holds.
  ///
  /// - Parameter other: Its contents.
  public mutating func append(_ other: Contents) {
    members += other.members
    claims.merge(other.claims) { $1 }
  }
}
