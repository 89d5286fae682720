/// Where epsilon stands in a denominator.
public enum EpsilonPlacement: String, Sendable, Hashable, CaseIterable {
  /// `√x + ε`.
  case outside
  /// `√(x + ε)`.
  case inside
}
