public import Tensors

/// keras-bert's `AdamWarmup`: Adam in the epsilon-hat form with the decay inside the step.
///
///     m' = beta1·m + (1 − beta1)·g
///     v' = beta2·v + (1 − beta2)·g²
///     α  = learning_rate·√(1 − beta2ᵗ)/(1 − beta1ᵗ)
///     p' = p − α·(m'/(√v' + epsilon) + weight_decay·p)
///
/// The bias correction also scales the decay. Only variables whose name contains one of
/// `weight_decay_pattern` decay, all where there is no pattern; the version for tf.keras ignores the
/// pattern. Its schedule is the kind `keras_bert`.
///
/// - SeeAlso: CyberZHG/keras-bert, `keras_bert/optimizers/warmup_v2.py`.
public struct KerasBERTAdamW: UpdateRule {
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
  /// Weight decay, scaled by the rate and the bias correction.
  public let weightDecay: Double

  init(from reader: inout RecordReader) throws {
    arithmetic = reader.arithmetic
    learningRate = try reader.number("learning_rate", default: 0.001)
    beta1 = try reader.number("beta1", default: 0.9)
    beta2 = try reader.number("beta2", default: 0.999)
    epsilon = try reader.number("epsilon", default: 1e-7)
    weightDecay = try reader.number("weight_decay", default: 0)
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
    let (b1, b2) = (Scalar(beta1), Scalar(beta2))
    let eps = Scalar(epsilon)
    let wd = Scalar(weightDecay)
    let power1: Scalar = BetaPower.tensor(beta1, stored: context.beta1Power, step: context.step)
    let power2: Scalar = BetaPower.tensor(beta2, stored: context.beta2Power, step: context.step)
    let alpha = (Scalar(rate(context)) * (1 - power2).squareRoot()) / (1 - power1)
    for i in 0..<block.count {
      let g = block.gradient[i]
      let p = block.parameter[i]
      let m = b1 * block.slots[0][i] + (1 - b1) * g
      let v = b2 * block.slots[1][i] + (1 - b2) * (g * g)
      var u = m / (v.squareRoot() + eps)
      if wd != 0 { u = u + wd * p }
      block.parameter[i] = p - alpha * u
      block.slots[0][i] = m
      block.slots[1][i] = v
    }
  }
}
