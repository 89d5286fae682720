/// A rate as a function of the updates already done.
///
/// Written once and computed in `Double` or, as TensorFlow does, with every operation rounded to
/// `Float`.
protocol ScheduleCurve: Sendable {
  /// The rate of the next update.
  ///
  /// - Parameter step: Updates already done, from 0 to `Int64.max − 1`.
  /// - Returns: The rate.
  func rate<Scalar: BinaryFloatingPoint>(at step: Int64) -> Scalar

  /// The step from which the rate stays as it is, `nil` when it never does.
  var end: Int64? { get }

  /// The curve from another base rate, `nil` where it is as well made anew.
  func rebased(_ base: Double) -> (any ScheduleCurve)?
}

extension ScheduleCurve {
  func rebased(_ base: Double) -> (any ScheduleCurve)? { nil }
}

extension BinaryFloatingPoint {
  /// The power, rounded once.
  static func power(_ base: Self, _ exponent: Self) -> Self {
    exponent == 1 ? base : Self(Mathematics.power(Double(base), Double(exponent)))
  }

  /// The cosine of π times a fraction, the product rounded as a tensor's.
  static func cosinePi(_ fraction: Self) -> Self {
    Self(Mathematics.cosine(Double(Self(Double.pi) * fraction)))
  }
}
