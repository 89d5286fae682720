internal import Tensors

/// How far two numbers may be apart and still count as equal.
public enum Tolerance: Sendable, Hashable {
  /// Representable numbers between them; 0 demands equal bits.
  case ulp(UInt64)
  /// Their difference relative to the larger magnitude.
  case relative(Double)

  /// Reads a tolerance: ULP when it is an integer, relative when it has a point or an exponent.
  ///
  /// - Parameter text: The text.
  /// - Throws: `StateError` with code `invalidArgument`.
  public init(_ text: String) throws {
    if let ulp = UInt64(text) {
      self = .ulp(ulp)
    } else if let relative = Double(text), relative >= 0, relative.isFinite {
      self = .relative(relative)
    } else {
      throw StateError(
        .invalidArgument,
        "'\(text)' is no tolerance",
        expected: "a number of ULP such as 2, or a relative difference such as 1e-6"
      )
    }
  }
}
