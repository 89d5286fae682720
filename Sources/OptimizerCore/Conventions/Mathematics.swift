#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The C library's functions on `Double`, which Python calls too.
enum Mathematics {
  static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }

  /// The function on `Float`, which XLA calls and which is not the other one rounded.
  static func power(_ base: Float, _ exponent: Float) -> Float { pow(base, exponent) }

  static func cosine(_ angle: Double) -> Double { cos(angle) }

  static func logarithm(_ value: Double) -> Double { log(value) }
}
