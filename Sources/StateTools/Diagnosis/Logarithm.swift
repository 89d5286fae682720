#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The natural logarithm, whichever library has it.
enum Logarithm {
  /// The logarithm of a positive number.
  static func of(_ number: Double) -> Double { log(number) }
}
