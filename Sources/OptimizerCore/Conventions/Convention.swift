/// The framework family whose arithmetic is followed.
public enum Convention: String, Sendable, Hashable, CaseIterable {
  /// Every operation is rounded on its own, unless XLA fuses them; scalars are rounded like tensors.
  case tensorflow
  /// Multiply-adds are fused as PyTorch's vector code fuses them; scalars are formed in `Double`.
  case pytorch

  /// The arithmetic that is meant where a family is named and no more.
  public var plainArithmetic: Arithmetic {
    switch self {
    case .tensorflow: .tensorflow
    case .pytorch: .pytorchFused
    }
  }
}
