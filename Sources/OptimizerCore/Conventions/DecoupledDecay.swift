/// Weight decay applied to the parameter itself before the update.
///
/// Loshchilov & Hutter, 2019 (arXiv:1711.05101), algorithm 2, line 12.
struct DecoupledDecay<Scalar: BinaryFloatingPoint> {
  private let rate: Scalar
  private let learningRate: Scalar
  private let factor: Scalar
  private let convention: Convention

  init(_ weightDecay: Double, learningRate: Double, _ arithmetic: Arithmetic) {
    rate = Scalar(weightDecay)
    self.learningRate = Scalar(learningRate)
    factor = Scalar(1 - learningRate * weightDecay)
    convention = arithmetic.convention
  }

  /// The decayed parameter: `p − (p·wd)·lr` (Keras), `p·(1 − lr·wd)` (PyTorch).
  func callAsFunction(_ p: Scalar) -> Scalar {
    if rate == 0 { return p }
    return convention == .pytorch ? p * factor : p - (p * rate) * learningRate
  }

  /// PyTorch's, rounded to the type of its tensors.
  func callAsFunction(_ p: Scalar, _ tensors: TensorOperations<Scalar>) -> Scalar {
    rate == 0 ? p : tensors.scaled(p, by: factor)
  }

  /// What a kernel needs: TensorFlow's two factors, or PyTorch's one.
  var kernelFactors: (rate: Scalar, learningRate: Scalar, factor: Scalar) {
    (rate, learningRate, rate == 0 ? 1 : factor)
  }
}
