/// The upper half of a binary32 number: 8 bits of exponent, 7 of fraction.
public struct BFloat16: Sendable, Hashable {
  /// The stored bits.
  public let bitPattern: UInt16

  /// Keeps stored bits.
  ///
  /// - Parameter bitPattern: The upper 16 bits of a binary32 number.
  public init(bitPattern: UInt16) {
    self.bitPattern = bitPattern
  }

  /// Rounds to nearest, ties to even, as TensorFlow and PyTorch do; a NaN stays one.
  ///
  /// - Parameter value: The number to round.
  public init(_ value: Float) {
    let bits = value.bitPattern
    if value.isNaN {
      bitPattern = UInt16(truncatingIfNeeded: bits >> 16) | 0x40
    } else {
      let carry = 0x7FFF &+ ((bits >> 16) & 1)
      bitPattern = UInt16(truncatingIfNeeded: (bits &+ carry) >> 16)
    }
  }

  /// Rounds once, also where the way leads through binary32.
  ///
  /// - Parameter value: The number to round.
  public init(_ value: Double) {
    let nearest = Float(value)
    guard value.isFinite, nearest.isFinite, Double(nearest) != value else {
      self.init(nearest)
      return
    }
    // Rounding to odd keeps the information that a second rounding needs.
    let truncated = abs(Double(nearest)) > abs(value) ? nearest.bitPattern &- 1 : nearest.bitPattern
    self.init(Float(bitPattern: truncated | 1))
  }
}

extension Float {
  /// The number that the bits stand for, exactly.
  ///
  /// - Parameter value: A bfloat16 number.
  public init(_ value: BFloat16) {
    self.init(bitPattern: UInt32(value.bitPattern) << 16)
  }
}
