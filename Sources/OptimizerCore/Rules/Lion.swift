public import Tensors

/// Lion: the sign of an interpolated momentum.
///
///     p' = p − learning_rate·sign(beta1·m + (1 − beta1)·g)
///     m' = beta2·m + (1 − beta2)·g
///
/// - SeeAlso: Chen et al., 2023 (arXiv:2302.06675), algorithm 2; `keras.optimizers.Lion`.
public struct Lion: UpdateRule {
  /// The implementation that is reproduced.
  public let arithmetic: Arithmetic
  /// The rate where the step brings none.
  public let learningRate: Double
  /// Share of the momentum in the step.
  public let beta1: Double
  /// Decay of the momentum.
  public let beta2: Double
  /// Decoupled weight decay.
  public let weightDecay: Double

  init(from reader: inout RecordReader) throws {
    arithmetic = reader.arithmetic
    learningRate = try reader.number("learning_rate", default: 0.001)
    beta1 = try reader.number("beta1", default: 0.9)
    beta2 = try reader.number("beta2", default: 0.99)
    weightDecay = try reader.number("weight_decay", default: 0)
  }

  /// `momentum`.
  ///
  /// - Parameter shape: The variable's shape.
  /// - Returns: The slots.
  public func slots(for shape: Shape) -> [SlotDefinition] {
    [SlotDefinition(SlotName.momentum, shape)]
  }

  /// Updates parameters and momentum.
  ///
  /// - Parameters:
  ///   - block: Elements of one variable.
  ///   - context: The step.
  public func update<Scalar: BinaryFloatingPoint>(_ block: Block<Scalar>, _ context: StepContext) {
    let lr = Scalar(rate(context))
    let (b1, b2) = (Scalar(beta1), Scalar(beta2))
    let decay = DecoupledDecay<Scalar>(weightDecay, learningRate: rate(context), arithmetic)
    let momentum = block.slots[0]
    for i in 0..<block.count {
      let g = block.gradient[i]
      let p = decay(block.parameter[i])
      let u = momentum[i] * b1 + g * (1 - b1)
      block.parameter[i] = p - lr * sign(u)
      momentum[i] = momentum[i] * b2 + g * (1 - b2)
    }
  }

  /// −1, 0 or 1; a NaN stays one.
  private func sign<Scalar: BinaryFloatingPoint>(_ value: Scalar) -> Scalar {
    if value > 0 { return 1 }
    return value < 0 ? -1 : value
  }
}
