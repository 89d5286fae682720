public import Tensors

/// Adamax: Adam with the greatest gradient so far, decayed, in place of the second moment.
///
///     m' = beta1·m + (1 − beta1)·g
///     u' = max(beta2·u, |g| + epsilon)      PyTorch;  max(beta2·u, |g|)      Keras
///     p' = p − learning_rate/(1 − beta1ᵗ)·m'/u'      PyTorch;  …/(u' + epsilon)      Keras
///
/// - SeeAlso: Kingma & Ba, 2015 (arXiv:1412.6980), algorithm 2; `torch.optim.Adamax`, `keras.optimizers.Adamax`.
public struct Adamax: UpdateRule {
  /// The implementation that is reproduced.
  public let arithmetic: Arithmetic
  /// The rate where the step brings none.
  public let learningRate: Double
  /// Decay of the first moment.
  public let beta1: Double
  /// Decay of the greatest gradient.
  public let beta2: Double
  /// Guards the division.
  public let epsilon: Double
  /// Decoupled weight decay, which Keras offers.
  public let weightDecay: Double
  /// Whether PyTorch's foreach path is meant.
  public let isForeach: Bool

  init(from reader: inout RecordReader) throws {
    arithmetic = reader.arithmetic
    let isTorch = arithmetic.convention == .pytorch
    learningRate = try reader.number("learning_rate", default: isTorch ? 0.002 : 0.001)
    beta1 = try reader.number("beta1", default: 0.9)
    beta2 = try reader.number("beta2", default: 0.999)
    epsilon = try reader.number("epsilon", default: isTorch ? 1e-8 : 1e-7)
    weightDecay = try reader.number("weight_decay", default: 0)
    isForeach = isTorch ? try reader.flag("foreach", default: false) : false
  }

  /// `adam_m`, `adamax_u`.
  ///
  /// - Parameter shape: The variable's shape.
  /// - Returns: The slots.
  public func slots(for shape: Shape) -> [SlotDefinition] {
    [SlotName.firstMoment, SlotName.infinityNorm].map { SlotDefinition($0, shape) }
  }

  /// Updates parameters and slots.
  ///
  /// - Parameters:
  ///   - block: Elements of one variable.
  ///   - context: The step.
  public func update<Scalar: BinaryFloatingPoint>(_ block: Block<Scalar>, _ context: StepContext) {
    switch arithmetic.convention {
    case .tensorflow: updateRounded(block, context)
    case .pytorch: updateTensors(block, context)
    }
  }

  private func updateRounded<Scalar: BinaryFloatingPoint>(
    _ block: Block<Scalar>,
    _ context: StepContext
  ) {
    let lr = Scalar(rate(context))
    let isKernel = arithmetic == .tensorflow
    let share = isKernel ? 1 - Scalar(beta1) : Scalar(1 - beta1)
    let (b2, eps) = (Scalar(beta2), Scalar(epsilon))
    let power: Scalar = BetaPower.tensor(beta1, stored: context.beta1Power, step: context.step)
    let correction = 1 - power
    let decay = DecoupledDecay<Scalar>(weightDecay, learningRate: rate(context), arithmetic)
    for i in 0..<block.count {
      let g = block.gradient[i]
      let p = decay(block.parameter[i])
      let m = block.slots[0][i] + (g - block.slots[0][i]) * share
      let u = greater(b2 * block.slots[1][i], g.magnitude)
      block.parameter[i] =
        isKernel
        ? p - (lr / correction) * (m / (u + eps))
        : p - (lr * m) / (correction * (u + eps))
      block.slots[0][i] = m
      block.slots[1][i] = u
    }
  }

  private func updateTensors<Scalar: BinaryFloatingPoint>(
    _ block: Block<Scalar>,
    _ context: StepContext
  ) {
    let tensors = TensorOperations(arithmetic, block, isForeach: isForeach)
    let lr = rate(context)
    let factor = Scalar(-(lr / (1 - BetaPower.exact(beta1, step: context.step))))
    let (share, b2) = (Scalar(1 - beta1), Scalar(beta2))
    let eps = tensors.number(epsilon)
    let decay = DecoupledDecay<Scalar>(weightDecay, learningRate: lr, arithmetic)
    for i in 0..<block.count {
      let g = block.gradient[i]
      let p = decay(block.parameter[i], tensors)
      let m = tensors.lerp(block.slots[0][i], g, weight: share)
      let u = greater(tensors.scaled(block.slots[1][i], by: b2), tensors.sum(g.magnitude, eps))
      block.parameter[i] = tensors.sum(p, quotient: m, u, factor: factor)
      block.slots[0][i] = m
      block.slots[1][i] = u
    }
  }

  /// The greater number; a NaN stays one.
  private func greater<Scalar: BinaryFloatingPoint>(_ a: Scalar, _ b: Scalar) -> Scalar {
    a > b || a.isNaN ? a : b
  }
}
