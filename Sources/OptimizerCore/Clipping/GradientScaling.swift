/// What is done to every element of a gradient before the rule sees it.
public enum GradientScaling: Sendable, Hashable {
  /// Nothing.
  case none
  /// `g · factor`.
  case factor(Double)
  /// `(g · factor) / divisor`, each operation rounded.
  case quotient(factor: Double, divisor: Double)
  /// `min(max(g, −bound), bound)`; a NaN stays one.
  case clamp(Double)
}
