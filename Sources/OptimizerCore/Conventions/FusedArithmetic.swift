extension BinaryFloatingPoint {
  /// `a·b + c` with one rounding, as a fused multiply-add instruction gives it.
  static func fma(_ a: Self, _ b: Self, _ c: Self) -> Self { c.addingProduct(a, b) }

  /// PyTorch's `lerp`: `old + weight·(new − old)`, computed from the nearer end.
  static func lerp(_ old: Self, _ new: Self, weight: Self) -> Self {
    weight.magnitude < 0.5
      ? fma(weight, new - old, old)
      : fma(weight - 1, new - old, new)
  }
}
