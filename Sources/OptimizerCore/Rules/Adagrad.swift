public import Tensors

/// Adagrad: rates that fall with the sum of squared gradients.
///
///     a' = a + g²
///     p' = p − lrₜ·g / (√a' + epsilon)        epsilon_placement = outside
///     p' = p − lrₜ·g / √(a' + epsilon)        epsilon_placement = inside (Keras 3)
///     lrₜ = learning_rate / (1 + (t − 1)·learning_rate_decay)
///
/// TensorFlow 1 has no epsilon and multiplies by its approximate reciprocal square root; here that
/// is the correctly rounded one, so that it may differ by up to 3 ULP of the step.
///
/// - SeeAlso: Duchi, Hazan & Singer, 2011 (JMLR 12); `tf.compat.v1.train.AdagradOptimizer`,
///   `keras.optimizers.Adagrad`, `torch.optim.Adagrad`.
public struct Adagrad: UpdateRule {
  /// The implementation that is reproduced.
  public let arithmetic: Arithmetic
  /// The rate where the step brings none.
  public let learningRate: Double
  /// Decay of the rate, PyTorch's `lr_decay`.
  public let learningRateDecay: Double
  /// The slot's first value.
  public let initialAccumulator: Double
  /// Guards the division.
  public let epsilon: Double
  /// Where epsilon stands.
  public let epsilonPlacement: EpsilonPlacement
  /// Decoupled weight decay, which Keras offers.
  public let weightDecay: Double
  /// Whether PyTorch's foreach path is meant, which rounds one product more where tensors are narrow.
  public let isForeach: Bool
  /// Whether the gradient has been copied for a penalty, so that PyTorch scales it in place.
  private let ownsGradient: Bool

  init(from reader: inout RecordReader) throws {
    arithmetic = reader.arithmetic
    let isTorch = arithmetic.convention == .pytorch
    learningRate = try reader.number(
      "learning_rate",
      default: arithmetic == .keras ? 0.001 : 0.01
    )
    learningRateDecay = try reader.number("learning_rate_decay", default: 0)
    initialAccumulator = try reader.number(
      "initial_accumulator_value",
      default: isTorch ? 0 : 0.1
    )
    let standards: [Arithmetic: Double] = [.tensorflow: 0, .keras: 1e-7]
    epsilon = try reader.number("epsilon", default: standards[arithmetic] ?? 1e-10)
    epsilonPlacement = try reader.choice(
      "epsilon_placement",
      default: arithmetic == .keras ? .inside : .outside
    )
    weightDecay = try reader.number("weight_decay", default: 0)
    ownsGradient = try reader.number("l2", default: 0) != 0
    isForeach = isTorch ? try reader.flag("foreach", default: false) : false
  }

  /// `accumulator`.
  ///
  /// - Parameter shape: The variable's shape.
  /// - Returns: The slots.
  public func slots(for shape: Shape) -> [SlotDefinition] {
    [SlotDefinition(SlotName.accumulator, shape, initialValue: initialAccumulator)]
  }

  /// Updates parameters and sums.
  ///
  /// - Parameters:
  ///   - block: Elements of one variable.
  ///   - context: The step.
  public func update<Scalar: BinaryFloatingPoint>(_ block: Block<Scalar>, _ context: StepContext) {
    let now = rate(context) / (1 + Double(context.step - 1) * learningRateDecay)
    if arithmetic.convention == .pytorch { return updateTensors(block, rate: now) }
    let lr = Scalar(now)
    let eps = Scalar(epsilon)
    let decay = DecoupledDecay<Scalar>(weightDecay, learningRate: now, arithmetic)
    let accumulator = block.slots[0]
    for i in 0..<block.count {
      let g = block.gradient[i]
      let p = decay(block.parameter[i])
      let a = accumulator[i] + g * g
      let isReciprocal = arithmetic == .tensorflow && epsilon == 0
      if isReciprocal {
        block.parameter[i] = p - (g * lr) * (1 / a.squareRoot())
      } else {
        let d = epsilonPlacement == .inside ? (a + eps).squareRoot() : a.squareRoot() + eps
        block.parameter[i] = p - (lr * g) / d
      }
      accumulator[i] = a
    }
  }

  private func updateTensors<Scalar: BinaryFloatingPoint>(_ block: Block<Scalar>, rate: Double) {
    let tensors = TensorOperations(arithmetic, block, isForeach: isForeach)
    let eps = tensors.number(epsilon)
    let decay = DecoupledDecay<Scalar>(weightDecay, learningRate: rate, arithmetic)
    let minusRate = Scalar(-rate)
    for i in 0..<block.count {
      let g = block.gradient[i]
      let p = decay(block.parameter[i], tensors)
      let a = tensors.sum(block.slots[0][i], product: g, g, factor: 1)
      block.slots[0][i] = a
      let d =
        epsilonPlacement == .inside
        ? tensors.root(tensors.sum(a, eps)) : tensors.sum(tensors.root(a), eps)
      guard isForeach else {
        block.parameter[i] = tensors.sum(p, quotient: g, d, factor: minusRate)
        continue
      }
      let step = ownsGradient ? tensors.scaled(g, by: minusRate) : tensors.product(g, minusRate)
      block.parameter[i] = tensors.sum(p, quotient: step, d, factor: 1)
    }
  }
}
