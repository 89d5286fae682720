public import Tensors

/// LAMB: Adam's step rescaled, variable by variable, to the length of the weights.
///
///     m' = beta1·m + (1 − beta1)·g
///     v' = beta2·v + (1 − beta2)·g²
///     r  = m̂/(√v̂ + epsilon) + weight_decay·p,  m̂ = m'/(1 − beta1ᵗ),  v̂ = v'/(1 − beta2ᵗ)
///     p' = p − (‖p‖/‖r‖)·learning_rate·r        ratio 1 where either norm is 0
///
/// Keras 3 decays the weights before the step and leaves the decay out of `r`
/// (`decay_placement` = before).
///
/// - SeeAlso: You et al., 2020 (arXiv:1904.00962), algorithm 2; TensorFlow Addons, `LAMB`;
///   `keras.optimizers.Lamb`.
public struct LAMB: UpdateRule {
  /// Where the weights decay.
  public enum DecayPlacement: String, Sendable, Hashable, CaseIterable {
    /// Inside the step, whose length is then adapted.
    case ratio
    /// Before the step.
    case before
  }

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
  /// Weight decay, scaled by the rate.
  public let weightDecay: Double
  /// Where the weights decay.
  public let decayPlacement: DecayPlacement
  /// Whether the step is rescaled; `exclude_from_layer_adaptation` turns it off by name.
  public let adaptsLayer: Bool

  init(from reader: inout RecordReader) throws {
    arithmetic = reader.arithmetic
    learningRate = try reader.number("learning_rate", default: 0.001)
    beta1 = try reader.number("beta1", default: 0.9)
    beta2 = try reader.number("beta2", default: 0.999)
    epsilon = try reader.number("epsilon", default: arithmetic == .keras ? 1e-7 : 1e-6)
    weightDecay = try reader.number("weight_decay", default: 0)
    decayPlacement = try reader.choice(
      "decay_placement",
      default: arithmetic == .keras ? .before : .ratio
    )
    adaptsLayer = try reader.flag("layer_adaptation", default: true)
  }

  /// False: the norms are the whole variable's.
  public var isElementwise: Bool { false }

  /// `adam_m`, `adam_v`.
  ///
  /// - Parameter shape: The variable's shape.
  /// - Returns: The slots.
  public func slots(for shape: Shape) -> [SlotDefinition] {
    [SlotName.firstMoment, SlotName.secondMoment].map { SlotDefinition($0, shape) }
  }

  /// Updates parameters and moments in two passes: moments and norms, then the step.
  ///
  /// - Parameters:
  ///   - block: All elements of one variable.
  ///   - context: The step.
  public func update<Scalar: BinaryFloatingPoint>(_ block: Block<Scalar>, _ context: StepContext) {
    let lr = Scalar(rate(context))
    let power1: Scalar = BetaPower.tensor(beta1, stored: context.beta1Power, step: context.step)
    let power2: Scalar = BetaPower.tensor(beta2, stored: context.beta2Power, step: context.step)
    let corrections = (1 - power1, 1 - power2)
    let decaysBefore = decayPlacement == .before ? weightDecay : 0
    let decay = DecoupledDecay<Scalar>(decaysBefore, learningRate: rate(context), arithmetic)
    for i in 0..<block.count {
      updateMoments(block, i)
      block.parameter[i] = decay(block.parameter[i])
    }
    let parameterNorm = Self.norm(block.count) { block.parameter[$0] }
    let stepNorm = Self.norm(block.count) { step(block, $0, corrections) }
    let hasRatio = adaptsLayer && parameterNorm > 0 && stepNorm > 0
    let ratio = hasRatio ? parameterNorm / stepNorm : 1
    for i in 0..<block.count {
      block.parameter[i] = block.parameter[i] - (ratio * lr) * step(block, i, corrections)
    }
  }

  private static func norm<Scalar: BinaryFloatingPoint>(
    _ count: Int,
    _ element: (Int) -> Scalar
  ) -> Scalar {
    let sum = TensorFlowSum.sum(count) { i in
      let x = element(i)
      return x * x
    }
    return sum.squareRoot()
  }

  private func updateMoments<Scalar: BinaryFloatingPoint>(_ block: Block<Scalar>, _ i: Int) {
    let g = block.gradient[i]
    let (m, v) = (block.slots[0][i], block.slots[1][i])
    if arithmetic == .keras {
      block.slots[0][i] = m + (g - m) * Scalar(1 - beta1)
      block.slots[1][i] = v + (g * g - v) * Scalar(1 - beta2)
    } else {
      let (b1, b2) = (Scalar(beta1), Scalar(beta2))
      block.slots[0][i] = m * b1 + g * (1 - b1)
      block.slots[1][i] = v * b2 + (g * g) * (1 - b2)
    }
  }

  /// The step before its adaptation.
  private func step<Scalar: BinaryFloatingPoint>(
    _ block: Block<Scalar>,
    _ i: Int,
    _ corrections: (Scalar, Scalar)
  ) -> Scalar {
    let mHat = block.slots[0][i] / corrections.0
    let vHat = block.slots[1][i] / corrections.1
    let r = mHat / (vHat.squareRoot() + Scalar(epsilon))
    guard decayPlacement == .ratio, weightDecay != 0 else { return r }
    return r + Scalar(weightDecay) * block.parameter[i]
  }
}
