/// A checksum that can be formed piece by piece, and out of the sums of pieces.
public protocol RunningSum: Sendable {
  /// The sum of nothing.
  init()

  /// Adds bytes.
  ///
  /// - Parameter bytes: The bytes that follow.
  mutating func add(_ bytes: UnsafeRawBufferPointer)

  /// Adds bytes of which only the sum and the number are known.
  ///
  /// - Parameters:
  ///   - other: Their sum.
  ///   - count: Their number.
  mutating func add(_ other: Self, count: Int)
}
