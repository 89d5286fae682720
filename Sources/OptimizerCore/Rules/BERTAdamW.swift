public import Tensors

/// The original BERT optimizer, `AdamWeightDecayOptimizer`.
///
///     m' = beta1·m + (1 − beta1)·g
///     v' = beta2·v + (1 − beta2)·g²
///     u  = m'/(√v' + epsilon) + weight_decay·p
///     p' = p − learning_rate·u
///
///     p' = p − (learning_rate·u)·b,  b = √(1 − beta2)/(1 − beta1)      bias_correction=frozen
///
/// There is no bias correction; one published variant multiplies the update, decay included, by the
/// correction of the first step for good, because its powers are formed while the graph is built. It
/// amounts to a rate that is smaller by `b`, 0.316 for 0.9 and 0.999. The decay stands inside the step, so that it is scaled by the
/// rate; variables whose name matches `exclude_from_weight_decay` have none. In PyTorch's arithmetic
/// it is the `BertAdam` of the first BERT port: the moments are fused, the rest is not.
///
/// - SeeAlso: google-research/bert, `optimization.py`, `AdamWeightDecayOptimizer`.
public struct BERTAdamW: UpdateRule {
  /// What scales the update.
  public enum BiasCorrection: String, Sendable, Hashable, CaseIterable {
    /// Nothing, as in BERT.
    case none
    /// The correction of the first step, for good.
    case frozen
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
  /// What scales the update.
  public let biasCorrection: BiasCorrection

  init(from reader: inout RecordReader) throws {
    arithmetic = reader.arithmetic
    learningRate = try reader.number("learning_rate", default: 0.001)
    beta1 = try reader.number("beta1", default: 0.9)
    beta2 = try reader.number("beta2", default: 0.999)
    epsilon = try reader.number("epsilon", default: 1e-6)
    weightDecay = try reader.number("weight_decay", default: 0.01)
    biasCorrection = try reader.choice("bias_correction", default: .none)
  }

  /// What a correction that is frozen at its first step multiplies every update by.
  ///
  /// - Parameters:
  ///   - beta1: Decay of the first moment.
  ///   - beta2: Decay of the second moment.
  /// - Returns: `√(1 − beta2)/(1 − beta1)`.
  public static func frozenFactor(beta1: Double, beta2: Double) -> Double {
    (1 - beta2).squareRoot() / (1 - beta1)
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
    if arithmetic.convention == .pytorch { return updateTensors(block, context) }
    let lr = Scalar(rate(context))
    let (b1, share1) = (Scalar(beta1), Scalar(1 - beta1))
    let (b2, share2) = (Scalar(beta2), Scalar(1 - beta2))
    let eps = Scalar(epsilon)
    let wd = Scalar(weightDecay)
    let isFrozen = biasCorrection == .frozen
    let frozen = Scalar(Self.frozenFactor(beta1: beta1, beta2: beta2))
    for i in 0..<block.count {
      let g = block.gradient[i]
      let p = block.parameter[i]
      let m = b1 * block.slots[0][i] + share1 * g
      let v = b2 * block.slots[1][i] + share2 * (g * g)
      var u = m / (v.squareRoot() + eps)
      if wd != 0 { u = u + wd * p }
      block.parameter[i] = isFrozen ? p - (lr * u) * frozen : p - lr * u
      block.slots[0][i] = m
      block.slots[1][i] = v
    }
  }

  private func updateTensors<Scalar: BinaryFloatingPoint>(
    _ block: Block<Scalar>,
    _ context: StepContext
  ) {
    let tensors = TensorOperations(arithmetic, block)
    let lr = Scalar(rate(context))
    let isFrozen = biasCorrection == .frozen
    let frozen = Scalar(Self.frozenFactor(beta1: beta1, beta2: beta2))
    let (b1, share1) = (Scalar(beta1), tensors.number(1 - beta1))
    let (b2, share2) = (Scalar(beta2), Scalar(1 - beta2))
    let eps = tensors.number(epsilon)
    let wd = Scalar(weightDecay)
    for i in 0..<block.count {
      let g = block.gradient[i]
      let p = block.parameter[i]
      let m = tensors.sum(tensors.product(block.slots[0][i], b1), share1, times: g, at: i)
      let old = tensors.product(block.slots[1][i], b2)
      let v = tensors.sum(old, product: g, g, factor: share2)
      var u = tensors.quotient(m, tensors.sum(tensors.root(v), eps))
      if wd != 0 { u = tensors.sum(u, tensors.product(p, wd)) }
      let step = tensors.product(u, lr)
      block.parameter[i] = tensors.difference(p, isFrozen ? tensors.product(step, frozen) : step)
      block.slots[0][i] = m
      block.slots[1][i] = v
    }
  }
}
