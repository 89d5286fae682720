/// Means as TensorFlow forms them.
enum RoundedMeans: MeanForm {
  /// The mean along the innermost axis.
  static func along<Scalar: BinaryFloatingPoint>(
    _ count: Int,
    _ element: (Int) -> Scalar
  ) -> Scalar {
    TensorFlowSum.sum(count, element) / Scalar(count)
  }

  /// The mean across an outer axis, added one after the other.
  static func across<Scalar: BinaryFloatingPoint>(
    _ count: Int,
    _ element: (Int) -> Scalar
  ) -> Scalar {
    (0..<count).reduce(0) { $0 + element($1) } / Scalar(count)
  }

  /// The root of the mean of squares.
  static func rootOfSquares<Scalar: BinaryFloatingPoint>(
    _ count: Int,
    _ element: (Int) -> Scalar
  ) -> Scalar {
    let mean = along(count) { i in
      let x = element(i)
      return x * x
    }
    return mean.squareRoot()
  }
}
