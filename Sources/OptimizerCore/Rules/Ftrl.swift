public import Tensors

/// FTRL-Proximal, which keeps a linear model of the loss.
///
///     a' = a + g²
///     σ  = (a'^(−learning_rate_power) − a^(−learning_rate_power))/learning_rate
///     z' = z + g + 2·l2_shrinkage·p − σ·p
///     q  = a'^(−learning_rate_power)/learning_rate + 2·(l2 + beta/(2·learning_rate))
///     p' = (clip(z', −l1, l1) − z')/q
///
/// The powers are square roots unless `learning_rate_power` says otherwise; TensorFlow's own power, which Keras calls,
/// may be off by 1 ULP.
///
/// - SeeAlso: McMahan et al., 2013 (KDD), algorithm 1; `keras.optimizers.Ftrl`, `tf.compat.v1.train.FtrlOptimizer`.
public struct Ftrl: UpdateRule {
  /// The implementation that is reproduced.
  public let arithmetic: Arithmetic
  /// The rate where the step brings none.
  public let learningRate: Double
  /// How the rate falls with the sum of squares, at most 0.
  public let learningRatePower: Double
  /// The first slot's first value.
  public let initialAccumulator: Double
  /// Strength of the absolute penalty.
  public let l1Strength: Double
  /// Strength of the quadratic penalty.
  public let l2Strength: Double
  /// Strength of the quadratic penalty that enters by the gradient.
  public let l2ShrinkageStrength: Double
  /// What is added to the roots of the sums.
  public let beta: Double
  /// Decoupled weight decay, which Keras offers.
  public let weightDecay: Double

  init(from reader: inout RecordReader) throws {
    arithmetic = reader.arithmetic
    learningRate = try reader.number("learning_rate", default: 0.001)
    learningRatePower = try reader.number(
      "learning_rate_power",
      default: -0.5
    )
    initialAccumulator = try reader.number("initial_accumulator_value", default: 0.1)
    l1Strength = try reader.number("l1_regularization_strength", default: 0)
    l2Strength = try reader.number("l2_regularization_strength", default: 0)
    l2ShrinkageStrength = try reader.number("l2_shrinkage_regularization_strength", default: 0)
    beta = try reader.number("beta", default: 0)
    weightDecay = try reader.number("weight_decay", default: 0)
  }

  /// `accumulator`, `linear`.
  ///
  /// - Parameter shape: The variable's shape.
  /// - Returns: The slots.
  public func slots(for shape: Shape) -> [SlotDefinition] {
    [
      SlotDefinition(.accumulator, shape, initialValue: initialAccumulator),
      SlotDefinition(.linear, shape),
    ]
  }

  /// Updates parameters, sums and the linear model.
  ///
  /// - Parameters:
  ///   - block: Elements of one variable.
  ///   - context: The step.
  public func update<Scalar: BinaryFloatingPoint>(_ block: Block<Scalar>, _ context: StepContext) {
    let lr = Scalar(rate(context))
    let (l1, shrinkage) = (Scalar(l1Strength), Scalar(2 * l2ShrinkageStrength))
    let l2 = Scalar(l2Strength) + Scalar(beta) / (2 * lr)
    let isKernel = arithmetic == .tensorflow
    let decay = DecoupledDecay<Scalar>(weightDecay, learningRate: rate(context), arithmetic)
    for i in 0..<block.count {
      let g = block.gradient[i]
      let p = decay(block.parameter[i])
      let slope = isKernel && shrinkage == 0 ? g : g + shrinkage * p
      let a = block.slots[0][i] + g * g
      let root = power(a)
      let z = block.slots[1][i] + (slope - ((root - power(block.slots[0][i])) / lr) * p)
      let q = root / lr + 2 * l2
      if isKernel {
        let sign: Scalar = z > 0 ? 1 : z < 0 ? -1 : 0
        block.parameter[i] = z.magnitude > l1 ? (l1 * sign - z) / q : 0
      } else {
        block.parameter[i] = (max(-l1, min(z, l1)) - z) / q
      }
      block.slots[0][i] = a
      block.slots[1][i] = z
    }
  }

  private func power<Scalar: BinaryFloatingPoint>(_ x: Scalar) -> Scalar {
    if learningRatePower == -0.5 { return x.squareRoot() }
    return Scalar(Mathematics.power(Double(x), Double(Scalar(-learningRatePower))))
  }
}
