/// A release of multi-backend Keras, by the version that its files carry.
///
/// What changed: up to 2.0.5 the moments are in the order of the variables' names, up to 2.0.7 counters are floating-point
/// numbers, and before 2.3 some classes count nothing.
struct KerasRelease {
  private let numbers: [Int]

  /// Reads a version such as `2.0.5`; `nil` for those of tf.keras, which end in `-tf`, and of Keras 3.
  ///
  /// - Parameter version: The text, `nil` where the file has none.
  init?(_ version: String?) {
    let parts = version?.split(separator: ".", omittingEmptySubsequences: false) ?? []
    numbers = parts.compactMap { Int($0) }
    guard parts.count == 3, numbers.count == 3, numbers[0] <= 2 else { return nil }
  }

  /// Whether the release came before another.
  func isBefore(_ numbers: Int...) -> Bool { self.numbers.lexicographicallyPrecedes(numbers) }
}
