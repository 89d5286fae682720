public import Tensors

/// RMSProp: steps divided by a moving mean of squared gradients, plain, centered, with momentum.
///
///     s' = rho·s + (1 − rho)·g²
///     a' = rho·a + (1 − rho)·g             centered only
///     d  = √(s' [− a'²]) + epsilon         epsilon_placement = outside
///     d  = √(s' [− a'²] + epsilon)         epsilon_placement = inside
///
///     b' = momentum·b + learning_rate·g/d,  p' = p − b'                buffer = step
///     b' = momentum·b + g/d,                p' = p − learning_rate·b'  buffer = gradient (PyTorch)
///
/// TensorFlow 1 starts `s` at 1, puts epsilon inside and always keeps the momentum buffer; legacy
/// Keras without momentum puts epsilon outside, Keras 3 inside, PyTorch outside.
///
/// - SeeAlso: Hinton, 2012, lecture 6e; Graves, 2013 (arXiv:1308.0850), equations 38 to 45;
///   `tf.compat.v1.train.RMSPropOptimizer`, `keras.optimizers.RMSprop`, `torch.optim.RMSprop`.
public struct RMSProp: UpdateRule {
  /// The implementation that is reproduced.
  public let arithmetic: Arithmetic
  /// The rate where the step brings none.
  public let learningRate: Double
  /// Decay of the means.
  public let rho: Double
  /// Decay of the buffer; 0 for none.
  public let momentum: Double
  /// Guards the division.
  public let epsilon: Double
  /// Where epsilon stands.
  public let epsilonPlacement: EpsilonPlacement
  /// What the momentum buffer adds up.
  public let buffer: SGD.Buffer
  /// Whether the mean gradient's square is subtracted.
  public let isCentered: Bool
  /// First value of the mean of squares.
  public let initialMeanSquare: Double
  /// Decoupled weight decay, which Keras offers.
  public let weightDecay: Double
  /// Whether PyTorch's foreach path is meant.
  public let isForeach: Bool

  init(from reader: inout RecordReader) throws {
    arithmetic = reader.arithmetic
    let isTorch = arithmetic.convention == .pytorch
    learningRate = try reader.number("learning_rate", default: isTorch ? 0.01 : 0.001)
    rho = try reader.number("rho", default: isTorch ? 0.99 : 0.9)
    momentum = try reader.number("momentum", default: 0)
    let standards: [Arithmetic: Double] = [.tensorflow: 1e-10, .keras: 1e-7]
    epsilon = try reader.number("epsilon", default: standards[arithmetic] ?? 1e-8)
    epsilonPlacement = try reader.choice("epsilon_placement", default: isTorch ? .outside : .inside)
    buffer = try reader.choice("buffer", default: isTorch ? .gradient : .step)
    isCentered = try reader.flag("centered", default: false)
    let isKernel = arithmetic == .tensorflow && epsilonPlacement == .inside
    initialMeanSquare = try reader.number("initial_accumulator_value", default: isKernel ? 1 : 0)
    weightDecay = try reader.number("weight_decay", default: 0)
    isForeach = isTorch ? try reader.flag("foreach", default: false) : false
  }

  /// `rms`, then `momentum` if there is any, then `rms_mean_gradient` if centered.
  ///
  /// - Parameter shape: The variable's shape.
  /// - Returns: The slots.
  public func slots(for shape: Shape) -> [SlotDefinition] {
    var slots = [SlotDefinition(SlotName.meanSquare, shape, initialValue: initialMeanSquare)]
    if hasBuffer { slots.append(SlotDefinition(SlotName.momentum, shape)) }
    if isCentered { slots.append(SlotDefinition(SlotName.meanGradient, shape)) }
    return slots
  }

  /// TensorFlow's kernel, with epsilon inside, works through a buffer even without momentum.
  private var isKernel: Bool { arithmetic == .tensorflow && epsilonPlacement == .inside }
  private var hasBuffer: Bool { momentum != 0 || isKernel }

  /// Updates parameters and means.
  ///
  /// - Parameters:
  ///   - block: Elements of one variable.
  ///   - context: The step.
  public func update<Scalar: BinaryFloatingPoint>(_ block: Block<Scalar>, _ context: StepContext) {
    if arithmetic.convention == .pytorch { return updateTensors(block, context) }
    let lr = Scalar(rate(context))
    let mu = Scalar(momentum)
    let decay = DecoupledDecay<Scalar>(weightDecay, learningRate: rate(context), arithmetic)
    for i in 0..<block.count {
      let g = block.gradient[i]
      let p = decay(block.parameter[i])
      let d = denominator(block, i)
      switch (hasBuffer, buffer) {
      case (false, _):
        block.parameter[i] = p - (lr * g) / d
      case (true, .step):
        let b = block.slots[1][i] * mu + (g * lr) / d
        block.parameter[i] = p - b
        block.slots[1][i] = b
      case (true, .gradient):
        let b = block.slots[1][i] * mu + g / d
        block.parameter[i] = p - lr * b
        block.slots[1][i] = b
      }
    }
  }

  private func updateTensors<Scalar: BinaryFloatingPoint>(
    _ block: Block<Scalar>,
    _ context: StepContext
  ) {
    let tensors = TensorOperations(arithmetic, block, isForeach: isForeach)
    let lr = rate(context)
    let (minusRate, minusNumber) = (Scalar(-lr), tensors.number(-lr))
    let (mu, eps) = (Scalar(momentum), tensors.number(epsilon))
    let (rho, share) = (Scalar(rho), Scalar(1 - self.rho))
    let decay = DecoupledDecay<Scalar>(weightDecay, learningRate: lr, arithmetic)
    for i in 0..<block.count {
      let g = block.gradient[i]
      let p = decay(block.parameter[i], tensors)
      let s = tensors.sum(tensors.scaled(block.slots[0][i], by: rho), product: g, g, factor: share)
      block.slots[0][i] = s
      var w = s
      if isCentered {
        let mean = block.slots[hasBuffer ? 2 : 1]
        let a = tensors.lerp(mean[i], g, weight: share)
        mean[i] = a
        w = tensors.sum(s, product: a, a, factor: -1)
      }
      let d =
        epsilonPlacement == .inside
        ? tensors.root(tensors.sum(w, eps)) : tensors.sum(tensors.root(w), eps)
      guard hasBuffer else {
        block.parameter[i] = tensors.sum(p, quotient: g, d, factor: minusRate)
        continue
      }
      let isStep = buffer == .step
      let old = tensors.scaled(block.slots[1][i], by: mu)
      let b = tensors.sum(old, quotient: g, d, factor: isStep ? -minusRate : 1)
      block.parameter[i] =
        isStep ? tensors.difference(p, b) : tensors.sum(p, minusNumber, times: b, at: i)
      block.slots[1][i] = b
    }
  }

  /// Updates the means of an element and returns what its step is divided by.
  private func denominator<Scalar: BinaryFloatingPoint>(_ block: Block<Scalar>, _ i: Int) -> Scalar
  {
    let eps = Scalar(epsilon)
    let rho = Scalar(rho)
    let share = arithmetic == .tensorflow ? 1 - rho : Scalar(1 - self.rho)
    let g = block.gradient[i]
    var s = block.slots[0][i]
    if isKernel {
      s = s + (g * g - s) * share
    } else {
      s = rho * s + share * (g * g)
    }
    block.slots[0][i] = s
    if isCentered {
      let mean = block.slots[hasBuffer ? 2 : 1]
      var a = mean[i]
      a = isKernel ? a + (g - a) * share : rho * a + share * g
      s = s - a * a
      mean[i] = a
    }
    return epsilonPlacement == .inside ? (s + eps).squareRoot() : s.squareRoot() + eps
  }
}
