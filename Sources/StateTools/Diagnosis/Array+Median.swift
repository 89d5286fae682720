extension [Double] {
  /// The number in the middle, or between the two there; 0 for none.
  ///
  /// - Complexity: O(n log n).
  var median: Double {
    guard !isEmpty else { return 0 }
    let sorted = sorted()
    let middle = count / 2
    return count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}
