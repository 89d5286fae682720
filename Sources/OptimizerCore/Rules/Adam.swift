public import Tensors

/// Adam and AdamW, in TensorFlow's, Keras', PyTorch's and optax' forms.
///
///     p  = p − learning_rate·weight_decay·p                      adamw: decoupled decay
///     m' = beta1·m + (1 − beta1)·g
///     v' = beta2·v + (1 − beta2)·g²
///     w  = v', or with AMSGrad w = vhat' = max(vhat, v')
///
///     p' = p − learning_rate·m̂/(√ŵ + epsilon),  m̂ = m'/(1 − beta1ᵗ),  ŵ = w/(1 − beta2ᵗ)   corrected
///     p' = p − α·m'/(√w + epsilon),  α = learning_rate·√(1 − beta2ᵗ)/(1 − beta1ᵗ)              hat
///
/// `bias_correction` says where the powers come from: `product` (a float32 product multiplied up
/// per update, TensorFlow 1), `power` (a power of the step: Keras in float32, PyTorch in `Double`),
/// or `none`, which leaves `m̂ = m'`, `ŵ = w`, `α = learning_rate`. L2 regularization that passes
/// through the moments (PyTorch's Adam) is the key `l2` of ``Optimizer``.
///
/// - SeeAlso: Kingma & Ba, 2015, algorithm 1 and section 2 (arXiv:1412.6980); Loshchilov & Hutter,
///   2019 (arXiv:1711.05101); Reddi et al., 2018; `tf.compat.v1.train.AdamOptimizer`,
///   `keras.optimizers.Adam`, `torch.optim.Adam`, `torch.optim.AdamW`.
public struct Adam: UpdateRule {
  /// What epsilon is added to.
  public enum EpsilonForm: String, Sendable, Hashable, CaseIterable {
    /// The root of the corrected second moment (PyTorch, the paper's algorithm 1).
    case corrected
    /// The root of the moment as it is, the paper's epsilon-hat (TensorFlow, Keras).
    case hat
  }

  /// Where the correction's powers come from.
  public enum BiasCorrection: String, Sendable, Hashable, CaseIterable {
    /// There is no correction.
    case none
    /// A power of the step.
    case power
    /// A product kept in the state, or multiplied up as if it were.
    case product
  }

  /// The implementation that is reproduced.
  public let arithmetic: Arithmetic
  /// The rate where the step brings none.
  public let learningRate: Double
  /// Decay of the first moment.
  public let beta1: Double
  /// Decay of the second moment.
  public let beta2: Double
  /// Guards the division.
  public let epsilon: Double
  /// What epsilon is added to.
  public let epsilonForm: EpsilonForm
  /// Where the correction's powers come from.
  public let biasCorrection: BiasCorrection
  /// Whether the greatest second moment so far divides.
  public let isAMSGrad: Bool
  /// Decoupled weight decay.
  public let weightDecay: Double
  /// Whether PyTorch's foreach path is meant.
  public let isForeach: Bool

  init(from reader: inout RecordReader, decoupled: Bool) throws {
    arithmetic = reader.arithmetic
    let isTorch = arithmetic.convention == .pytorch
    learningRate = try reader.number("learning_rate", default: 0.001)
    beta1 = try reader.number("beta1", default: 0.9)
    beta2 = try reader.number("beta2", default: 0.999)
    epsilon = try reader.number("epsilon", default: arithmetic == .keras ? 1e-7 : 1e-8)
    let isCorrected = isTorch || arithmetic.isOptax
    epsilonForm = try reader.choice("epsilon_placement", default: isCorrected ? .corrected : .hat)
    biasCorrection = try reader.choice(
      "bias_correction",
      default: arithmetic == .tensorflow ? .product : .power
    )
    isAMSGrad = try reader.flag("amsgrad", default: false)
    weightDecay =
      decoupled
      ? try reader.number("weight_decay", default: Self.standardDecay(arithmetic))
      : try reader.number("weight_decay", default: 0)
    isForeach = isTorch ? try reader.flag("foreach", default: false) : false
    let isPlain = epsilonForm == .corrected && biasCorrection == .power && !isAMSGrad
    guard isPlain || !arithmetic.isOptax else {
      throw StateError(
        .invalidArgument,
        "optax' Adam has no such form",
        expected: "epsilon_placement=corrected, bias_correction=power, amsgrad=false"
      )
    }
  }

  private static func standardDecay(_ arithmetic: Arithmetic) -> Double {
    if arithmetic.isOptax { return 1e-4 }
    return arithmetic.convention == .pytorch ? 0.01 : 0.004
  }

  /// `adam_m`, `adam_v` and, with AMSGrad, `adam_vhat`.
  ///
  /// - Parameter shape: The variable's shape.
  /// - Returns: The slots.
  public func slots(for shape: Shape) -> [SlotDefinition] {
    let names = [SlotName.firstMoment, SlotName.secondMoment]
    return (isAMSGrad ? names + [SlotName.greatestSecondMoment] : names)
      .map { SlotDefinition($0, shape) }
  }

  /// Fills in the powers of beta in TensorFlow's arithmetic.
  ///
  /// - Parameter context: The step.
  /// - Returns: The same step with its powers of beta.
  public func prepared(_ context: StepContext) -> StepContext {
    guard arithmetic.convention == .tensorflow, biasCorrection != .none else { return context }
    let own = arithmetic.isOptax ? BetaPower.single : BetaPower.rounded
    let power = biasCorrection == .product ? BetaPower.product : own
    var prepared = context
    prepared.beta1Power = context.beta1Power ?? power(beta1, context.step)
    prepared.beta2Power = context.beta2Power ?? power(beta2, context.step)
    return prepared
  }

  /// Updates parameters and moments.
  ///
  /// - Parameters:
  ///   - block: Elements of one variable.
  ///   - context: A prepared step.
  public func update<Scalar: BinaryFloatingPoint>(_ block: Block<Scalar>, _ context: StepContext) {
    switch arithmetic.convention {
    case .tensorflow where arithmetic.isOptax: updateOptax(block, context)
    case .tensorflow: updateRounded(block, context)
    case .pytorch where arithmetic == .pytorchFused: updateFused(block, context)
    case .pytorch: updateUnfused(block, context)
    }
  }

  private func updateRounded<Scalar: BinaryFloatingPoint>(
    _ block: Block<Scalar>,
    _ context: StepContext
  ) {
    let c = RoundedAdamCoefficients<Scalar>(self, context)
    let decay = DecoupledDecay<Scalar>(weightDecay, learningRate: rate(context), arithmetic)
    for i in 0..<block.count {
      let g = block.gradient[i]
      let p = decay(block.parameter[i])
      let m = block.slots[0][i] + (g - block.slots[0][i]) * c.share1
      let v = block.slots[1][i] + (g * g - block.slots[1][i]) * c.share2
      let w = isAMSGrad ? greatest(block.slots[2], i, v) : v
      if epsilonForm == .hat || biasCorrection == .none {
        block.parameter[i] = p - (m * c.alpha) / (w.squareRoot() + c.epsilon)
      } else {
        let mHat = m / c.correction1
        let wHat = w / c.correction2
        block.parameter[i] = p - (c.learningRate * mHat) / (wHat.squareRoot() + c.epsilon)
      }
      block.slots[0][i] = m
      block.slots[1][i] = v
    }
  }

  /// `scale_by_adam`, `add_decayed_weights` and `scale_by_learning_rate` of optax, as XLA compiles them for the CPU.
  ///
  /// Compiled as a whole, `(m/c1)/d` is one division, by `c1·d`. A correction that divides a single array becomes a product
  /// by its reciprocal, either way.
  private func updateOptax<Scalar: BinaryFloatingPoint>(
    _ block: Block<Scalar>,
    _ context: StepContext
  ) {
    let c = RoundedAdamCoefficients<Scalar>(self, context)
    let (b1, b2, decay) = (Scalar(beta1), Scalar(beta2), Scalar(weightDecay))
    let (r1, r2) = (1 / c.correction1, 1 / c.correction2)
    let isCompiled = arithmetic == .optax
    let isAlone = context.isAlone && block.shape.elementCount > 1
    func sum(_ a: Scalar, _ b: Scalar, _ rest: Scalar) -> Scalar {
      isCompiled ? .fma(a, b, rest) : a * b + rest
    }
    func step(_ m: Scalar, _ v: Scalar) -> Scalar {
      let d = (isAlone ? v * r2 : v / c.correction2).squareRoot() + c.epsilon
      if isAlone { return (m * r1) / d }
      return isCompiled ? m / (c.correction1 * d) : (m / c.correction1) / d
    }
    for i in 0..<block.count {
      let g = block.gradient[i]
      let p = block.parameter[i]
      let m = sum(c.share1, g, b1 * block.slots[0][i])
      let v = sum(c.share2, g * g, b2 * block.slots[1][i])
      let u = step(m, v)
      let decayed = decay == 0 ? u : sum(decay, p, u)
      block.parameter[i] = sum(-c.learningRate, decayed, p)
      block.slots[0][i] = m
      block.slots[1][i] = v
    }
  }

  private func updateFused<Scalar: BinaryFloatingPoint>(
    _ block: Block<Scalar>,
    _ context: StepContext
  ) {
    let c = FusedAdamCoefficients<Scalar>(self, context)
    let decay = DecoupledDecay<Scalar>(weightDecay, learningRate: rate(context), arithmetic)
    let tail = block.fusedTail
    for i in 0..<block.count {
      let g = block.gradient[i]
      let p = decay(block.parameter[i])
      let m: Scalar = .lerp(block.slots[0][i], g, weight: c.share1)
      let v: Scalar =
        i < tail
        ? .fma(c.share2 * g, g, c.beta2 * block.slots[1][i])
        : .fma(c.beta2, block.slots[1][i], (c.share2 * g) * g)
      let w = isAMSGrad ? greatest(block.slots[2], i, v) : v
      block.parameter[i] = p - (c.stepSize * m) / (w.squareRoot() / c.rootCorrection + c.epsilon)
      block.slots[0][i] = m
      block.slots[1][i] = v
    }
  }

  private func updateUnfused<Scalar: BinaryFloatingPoint>(
    _ block: Block<Scalar>,
    _ context: StepContext
  ) {
    let c = FusedAdamCoefficients<Scalar>(self, context)
    let decay = DecoupledDecay<Scalar>(weightDecay, learningRate: rate(context), arithmetic)
    let tensors = TensorOperations(arithmetic, block, isForeach: isForeach)
    let eps = tensors.number(epsilon)
    for i in 0..<block.count {
      let g = block.gradient[i]
      let p = decay(block.parameter[i], tensors)
      let m = tensors.lerp(block.slots[0][i], g, weight: c.share1)
      let decayed = tensors.scaled(block.slots[1][i], by: c.beta2)
      let v = tensors.sum(decayed, product: g, g, factor: c.share2)
      let w = isAMSGrad ? greatest(block.slots[2], i, v) : v
      let d = tensors.sum(tensors.quotient(tensors.root(w), c.rootCorrection), eps)
      block.parameter[i] = tensors.sum(p, quotient: m, d, factor: -c.stepSize)
      block.slots[0][i] = m
      block.slots[1][i] = v
    }
  }

  private func greatest<Scalar: BinaryFloatingPoint>(
    _ slot: Lane<Scalar>,
    _ i: Int,
    _ v: Scalar
  ) -> Scalar {
    slot[i] = v > slot[i] || v.isNaN ? v : slot[i]
    return slot[i]
  }
}
