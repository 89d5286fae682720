import CKernels

/// How two arrays of `float32` differ.
package struct FloatDifference: Sendable {
  /// Elements outside the tolerance.
  package let count: Int
  /// Largest distance in representable numbers, `nil` where no such element is a number on both sides.
  package let largestULP: UInt64?
  /// Largest difference relative to the larger magnitude, `nil` as ``largestULP``.
  package let largestRelative: Double?
  /// The element that differs most, `nil` where none does.
  package let place: Int?
  /// Whether that element is a NaN on one side or both.
  package let hasNaN: Bool

  /// Compares two arrays.
  ///
  /// - Parameters:
  ///   - first: `float32` elements, aligned to them.
  ///   - second: As many.
  ///   - ulp: Representable numbers that may lie between; 0 demands equal bits.
  ///   - relative: The difference that is allowed instead, relative to the larger magnitude.
  /// - Complexity: O(*n*) at the speed of memory.
  package init(
    _ first: UnsafeRawBufferPointer,
    _ second: UnsafeRawBufferPointer,
    ulp: UInt64,
    relative: Double?
  ) {
    let one = unsafe first.bindMemory(to: Float.self)
    let other = unsafe second.bindMemory(to: Float.self)
    var difference = optstate_difference_t()
    unsafe optstate_difference(
      one.baseAddress,
      other.baseAddress,
      Swift.min(one.count, other.count),
      UInt32(clamping: ulp),
      relative ?? -1,
      &difference
    )
    count = Int(difference.count)
    largestULP = difference.has_numbers == 0 ? nil : UInt64(difference.largest_ulp)
    largestRelative = difference.has_numbers == 0 ? nil : difference.largest_relative
    place = count == 0 ? nil : difference.place
    hasNaN = difference.has_nan != 0
  }
}
