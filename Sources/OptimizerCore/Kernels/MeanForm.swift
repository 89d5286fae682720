/// A framework's way of forming means.
protocol MeanForm: SendableMetatype {
  /// The mean along the innermost axis, of squares in PyTorch.
  static func along<Scalar: BinaryFloatingPoint>(
    _ count: Int,
    _ element: (Int) -> Scalar
  ) -> Scalar

  /// The mean across an outer axis, of squares in PyTorch.
  static func across<Scalar: BinaryFloatingPoint>(
    _ count: Int,
    _ element: (Int) -> Scalar
  ) -> Scalar
}
