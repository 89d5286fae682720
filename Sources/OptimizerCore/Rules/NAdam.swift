public import Tensors

/// NAdam: Adam with Nesterov's momentum, whose share changes from step to step.
///
///     μₜ = beta1·(1 − ½·0.96^(t·momentum_decay)),  Π' = Π·μₜ
///     m' = beta1·m + (1 − beta1)·g
///     v' = beta2·v + (1 − beta2)·g²
///     p' = p − learning_rate·(μₜ₊₁·m'/(1 − Π'·μₜ₊₁) + (1 − μₜ)·g/(1 − Π'))/(√v̂ + epsilon),  v̂ = v'/(1 − beta2ᵗ)
///
/// PyTorch keeps the product `Π` for every parameter, Keras one for all of them; where the state has none it is
/// multiplied up from the first step. Keras has no `momentum_decay`, which is as if it were 1. PyTorch's foreach path divides the
/// root by the root of the correction instead.
///
/// - SeeAlso: Dozat, 2016 (ICLR workshop); `torch.optim.NAdam`, `keras.optimizers.Nadam`.
public struct NAdam: UpdateRule {
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
  /// How fast the momentum approaches `beta1`.
  public let momentumDecay: Double
  /// Decoupled weight decay.
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
    momentumDecay = try reader.number(
      "momentum_decay",
      default: arithmetic == .keras ? 1 : 0.004
    )
    weightDecay = try reader.number("weight_decay", default: 0)
    isForeach = isTorch ? try reader.flag("foreach", default: false) : false
  }

  /// In PyTorch `nadam_mu_product`; `adam_m`, `adam_v`.
  ///
  /// - Parameter shape: The variable's shape.
  /// - Returns: The slots.
  public func slots(for shape: Shape) -> [SlotDefinition] {
    let moments = [SlotName.firstMoment, SlotName.secondMoment].map { SlotDefinition($0, shape) }
    guard arithmetic.convention == .pytorch else { return moments }
    return [SlotDefinition(number: .momentumProduct, initialValue: 1)] + moments
  }

  /// The product of momenta, a `float32` number.
  ///
  /// - Parameter context: The step with the product before it.
  /// - Returns: The product after it.
  public func nextNumbers(_ context: StepContext) -> [Double] {
    context.numbers.map { Double(Float($0) * Float(momentum(context.step))) }
  }

  /// Updates parameters and moments.
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

  /// The product of momenta after a step where all variables share it, as Keras forms it in `float32`.
  ///
  /// - Parameter context: The step, with the product before it where the state has one.
  /// - Returns: The product.
  /// - Complexity: O(1) where the state has one, else O(step), until it is zero.
  public func nextMomentumProduct(_ context: StepContext) -> Double {
    Double(product(context) as Float)
  }

  private func product<Scalar: BinaryFloatingPoint>(_ context: StepContext) -> Scalar {
    func next(_ product: Scalar, _ step: Int64) -> Scalar {
      (product * Scalar(beta1)) * (1 - 0.5 * share(step))
    }
    if let stored = context.momentumProduct { return next(Scalar(stored), context.step) }
    var result: Scalar = 1
    var t: Int64 = 1
    while t <= context.step, result.isNormal {
      result = next(result, t)
      t += 1
    }
    return result.isNormal ? result : 0
  }

  /// `0.96^(t·momentum_decay)` as Keras' power gives it.
  private func share<Scalar: BinaryFloatingPoint>(_ step: Int64) -> Scalar {
    let exponent = Scalar(step) * Scalar(momentumDecay)
    return Scalar(Mathematics.power(Double(Scalar(0.96)), Double(exponent)))
  }

  private func updateRounded<Scalar: BinaryFloatingPoint>(
    _ block: Block<Scalar>,
    _ context: StepContext
  ) {
    let lr = Scalar(rate(context))
    let (b1, b2, eps) = (Scalar(beta1), Scalar(beta2), Scalar(epsilon))
    let mu = b1 * (1 - 0.5 * share(context.step))
    let muNext = b1 * (1 - 0.5 * share(context.step &+ 1))
    let product: Scalar = product(context)
    let productNext = product * muNext
    let power: Scalar = BetaPower.tensor(beta2, stored: context.beta2Power, step: context.step)
    let decay = DecoupledDecay<Scalar>(weightDecay, learningRate: rate(context), arithmetic)
    for i in 0..<block.count {
      let g = block.gradient[i]
      let p = decay(block.parameter[i])
      let m = block.slots[0][i] + (g - block.slots[0][i]) * (1 - b1)
      let v = block.slots[1][i] + (g * g - block.slots[1][i]) * (1 - b2)
      let mHat = (muNext * m) / (1 - productNext) + ((1 - mu) * g) / (1 - product)
      let vHat = v / (1 - power)
      block.parameter[i] = p - (mHat * lr) / (vHat.squareRoot() + eps)
      block.slots[0][i] = m
      block.slots[1][i] = v
    }
  }

  /// `μₜ` as Python forms it.
  private func momentum(_ step: Int64) -> Double {
    beta1 * (1 - 0.5 * Mathematics.power(0.96, Double(step) * momentumDecay))
  }

  private func updateTensors<Scalar: BinaryFloatingPoint>(
    _ block: Block<Scalar>,
    _ context: StepContext
  ) {
    let tensors = TensorOperations(arithmetic, block, isForeach: isForeach)
    let lr = rate(context)
    let product = nextNumbers(context).first ?? 0
    let muNext = momentum(context.step &+ 1)
    let gradientFactor = Scalar((-lr * (1 - momentum(context.step))) / (1 - product))
    let momentFactor = Scalar((-lr * muNext) / (1 - product * muNext))
    let correction = 1 - BetaPower.exact(beta2, step: context.step)
    let whole = Scalar(correction)
    let root = Scalar(Mathematics.power(correction, 0.5))
    let (share1, b2, share2) = (Scalar(1 - beta1), Scalar(beta2), Scalar(1 - beta2))
    let eps = tensors.number(epsilon)
    let decay = DecoupledDecay<Scalar>(weightDecay, learningRate: lr, arithmetic)
    for i in 0..<block.count {
      let g = block.gradient[i]
      let m = tensors.lerp(block.slots[0][i], g, weight: share1)
      let v = tensors.sum(tensors.scaled(block.slots[1][i], by: b2), product: g, g, factor: share2)
      let divisor =
        isForeach
        ? tensors.quotient(tensors.root(v), root) : tensors.root(tensors.quotient(v, whole))
      let d = tensors.sum(divisor, eps)
      let p = tensors.sum(
        decay(block.parameter[i], tensors),
        quotient: g,
        d,
        factor: gradientFactor
      )
      block.parameter[i] = tensors.sum(p, quotient: m, d, factor: momentFactor)
      block.slots[0][i] = m
      block.slots[1][i] = v
    }
  }
}
