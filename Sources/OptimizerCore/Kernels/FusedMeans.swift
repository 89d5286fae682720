/// Means of squares as PyTorch's Adafactor forms them, by way of a norm.
enum FusedMeans: MeanForm {
  /// The mean along the innermost axis.
  static func along<Scalar: BinaryFloatingPoint>(
    _ count: Int,
    _ element: (Int) -> Scalar
  ) -> Scalar {
    let norm = PyTorchSum.squares(count, element).squareRoot()
    return (norm * norm) / Scalar(count)
  }

  /// The mean across an outer axis, added one after the other.
  static func across<Scalar: BinaryFloatingPoint>(
    _ count: Int,
    _ element: (Int) -> Scalar
  ) -> Scalar {
    var sum: Scalar = 0
    for i in 0..<count { sum += element(i) * element(i) }
    let norm = sum.squareRoot()
    return (norm * norm) / Scalar(count)
  }

  /// The norm of all elements divided by the root of their number, in `Double`.
  static func rootOfSquares<Scalar: BinaryFloatingPoint>(
    _ count: Int,
    _ element: (Int) -> Scalar
  ) -> Double {
    Double(PyTorchSum.squares(count, element).squareRoot()) / Double(count).squareRoot()
  }
}
