public import Tensors

/// RAdam: Adam whose rate is rectified while the second moment rests on few gradients.
///
///     m' = beta1·m + (1 − beta1)·g,  v' = beta2·v + (1 − beta2)·g²
///     ρ∞ = 2/(1 − beta2) − 1,  ρₜ = ρ∞ − 2t·beta2ᵗ/(1 − beta2ᵗ)
///     p' = p − learning_rate·m̂·rₜ·√(1 − beta2ᵗ)/(√v' + epsilon),  m̂ = m'/(1 − beta1ᵗ)      ρₜ > 5
///     p' = p − learning_rate·m̂                                                            otherwise
///     rₜ = √((ρₜ − 4)(ρₜ − 2)ρ∞/((ρ∞ − 4)(ρ∞ − 2)ρₜ))
///
/// PyTorch's foreach path forms one factor of the moment first.
///
/// - SeeAlso: Liu et al., 2020 (arXiv:1908.03265), algorithm 2; `torch.optim.RAdam`.
public struct RAdam: UpdateRule {
  /// The implementation that is reproduced.
  public let arithmetic: Arithmetic
  /// The rate where the step brings none.
  public let learningRate: Double
  /// Decay of the first moment.
  public let beta1: Double
  /// Decay of the second moment.
  public let beta2: Double
  /// Guards the division, outside the root.
  public let epsilon: Double
  /// Decoupled weight decay.
  public let weightDecay: Double
  /// Whether PyTorch's foreach path is meant.
  public let isForeach: Bool

  init(from reader: inout RecordReader) throws {
    arithmetic = reader.arithmetic
    learningRate = try reader.number("learning_rate", default: 0.001)
    beta1 = try reader.number("beta1", default: 0.9)
    beta2 = try reader.number("beta2", default: 0.999)
    epsilon = try reader.number("epsilon", default: 1e-8)
    weightDecay = try reader.number("weight_decay", default: 0)
    isForeach = try reader.flag("foreach", default: false)
  }

  /// `adam_m`, `adam_v`.
  ///
  /// - Parameter shape: The variable's shape.
  /// - Returns: The slots.
  public func slots(for shape: Shape) -> [SlotDefinition] {
    [SlotName.firstMoment, SlotName.secondMoment].map { SlotDefinition($0, shape) }
  }

  /// Updates parameters and moments.
  ///
  /// - Parameters:
  ///   - block: Elements of one variable.
  ///   - context: The step.
  public func update<Scalar: BinaryFloatingPoint>(_ block: Block<Scalar>, _ context: StepContext) {
    let tensors = TensorOperations(arithmetic, block, isForeach: isForeach)
    let lr = rate(context)
    let c = Coefficients(self, context.step)
    let (share1, b2, share2) = (Scalar(1 - beta1), Scalar(beta2), Scalar(1 - beta2))
    let eps = tensors.number(epsilon)
    let decay = DecoupledDecay<Scalar>(weightDecay, learningRate: lr, arithmetic)
    let (correction1, rootOfCorrection2) = (Scalar(c.correction1), Scalar(c.rootOfCorrection2))
    let (rectification, rateOfMoment) = (Scalar(c.rectification), Scalar(lr))
    let isRectified = c.rectification > 0
    let divisor = Scalar(c.rootOfCorrection2 * (lr * c.rectification / c.correction1) * -1)
    let plain = tensors.number(lr * (isRectified ? 0 : 1) / c.correction1 * -1)
    for i in 0..<block.count {
      let g = block.gradient[i]
      let p = decay(block.parameter[i], tensors)
      let m = tensors.lerp(block.slots[0][i], g, weight: share1)
      let v = tensors.sum(tensors.scaled(block.slots[1][i], by: b2), product: g, g, factor: share2)
      block.slots[0][i] = m
      block.slots[1][i] = v
      if isForeach {
        let d = tensors.quotient(tensors.sum(tensors.root(v), eps), divisor)
        let factor = tensors.sum(tensors.quotient(1, d), plain)
        block.parameter[i] = tensors.sum(p, product: m, factor, factor: 1)
        continue
      }
      var step = tensors.product(tensors.quotient(m, correction1), rateOfMoment)
      if isRectified {
        let d = tensors.sum(tensors.root(v), eps)
        step = tensors.product(step, tensors.quotient(number: rootOfCorrection2, d))
        step = tensors.product(step, rectification)
      }
      block.parameter[i] = tensors.difference(p, step)
    }
  }

  /// The scalars of a step, in `Double` as Python forms them.
  private struct Coefficients {
    let correction1: Double
    let rootOfCorrection2: Double
    /// 0 where the rate is not rectified.
    let rectification: Double

    init(_ rule: RAdam, _ step: Int64) {
      correction1 = 1 - BetaPower.exact(rule.beta1, step: step)
      let power = BetaPower.exact(rule.beta2, step: step)
      rootOfCorrection2 = Mathematics.power(1 - power, 0.5)
      let longest = 2 / (1 - rule.beta2) - 1
      let length = longest - 2 * Double(step) * power / (1 - power)
      let square =
        (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
      rectification = length > 5 ? Mathematics.power(square, 0.5) : 0
    }
  }
}
