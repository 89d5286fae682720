/// The name of a scalar in which TensorFlow's Adam multiplies up a power of its beta: `beta1_power`, with a scope before
/// it and, from the second optimizer of a graph on, a number behind it.
public struct BetaPowerName: Sendable, Hashable {
  /// Whose power it is.
  public enum Base: String, Sendable, Hashable, CaseIterable {
    /// The first moment's decay.
    case beta1
    /// The second moment's decay.
    case beta2
  }

  /// Whose power it is.
  public let base: Base

  /// What tells one optimizer's pair of powers from another's: the scope and the number.
  public let owner: String

  /// Reads a tensor's name.
  ///
  /// - Parameter name: The name; scopes end in a slash.
  public init?(_ name: String) {
    let start = name.lastIndex(of: "/").map(name.index(after:)) ?? name.startIndex
    let last = name[start...]
    for base in Base.allCases where last.hasPrefix(base.rawValue + "_power") {
      let rest = last.dropFirst(base.rawValue.count + "_power".count)
      guard rest.isEmpty || rest.first == "_" && Int(rest.dropFirst()) != nil else { continue }
      self.base = base
      owner = String(name[..<start]) + rest
      return
    }
    return nil
  }
}
