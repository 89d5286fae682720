public import Tensors

/// Gradient descent, with momentum (Polyak, 1964) and in Nesterov's form.
///
///     b' = momentum·b + (1 − dampening)·g                  buffer = gradient (TensorFlow 1, PyTorch)
///     p' = p − learning_rate·b'        Nesterov: p' = p − learning_rate·(g + momentum·b')
///
///     b' = momentum·b − learning_rate·g                    buffer = step (Keras)
///     p' = p + b'                      Nesterov: p' = p + (momentum·b' − learning_rate·g)
///
/// PyTorch's first update makes the buffer the gradient itself, undamped. Without momentum there
/// is no slot. The buffers are not interchangeable: Keras' is `−learning_rate·b`.
///
/// - SeeAlso: `tf.compat.v1.train.MomentumOptimizer`, `keras.optimizers.SGD`, `torch.optim.SGD`.
public struct SGD: UpdateRule {
  /// What the momentum buffer adds up.
  public enum Buffer: String, Sendable, Hashable, CaseIterable {
    /// Gradients; the rate is applied afterwards.
    case gradient
    /// Steps, with the rate of their time in them.
    case step
  }

  /// The implementation that is reproduced.
  public let arithmetic: Arithmetic
  /// The rate where the step brings none.
  public let learningRate: Double
  /// Decay of the buffer; 0 for none.
  public let momentum: Double
  /// Share of the gradient kept out of the buffer.
  public let dampening: Double
  /// Whether the step looks ahead.
  public let isNesterov: Bool
  /// What the buffer adds up.
  public let buffer: Buffer
  /// Decoupled weight decay, which Keras offers.
  public let weightDecay: Double
  /// Whether PyTorch's foreach path is meant.
  public let isForeach: Bool

  init(from reader: inout RecordReader) throws {
    arithmetic = reader.arithmetic
    learningRate = try reader.number("learning_rate", default: 0.01)
    momentum = try reader.number("momentum", default: 0)
    dampening = try reader.number("dampening", default: 0)
    isNesterov = try reader.flag("nesterov", default: false)
    buffer = try reader.choice("buffer", default: arithmetic == .keras ? .step : .gradient)
    weightDecay = try reader.number("weight_decay", default: 0)
    let isTorch = arithmetic.convention == .pytorch
    isForeach = isTorch ? try reader.flag("foreach", default: false) : false
  }

  /// `momentum`, or nothing.
  ///
  /// - Parameter shape: The variable's shape.
  /// - Returns: The slots.
  public func slots(for shape: Shape) -> [SlotDefinition] {
    momentum == 0 ? [] : [SlotDefinition(SlotName.momentum, shape)]
  }

  /// Updates parameters and buffer.
  ///
  /// - Parameters:
  ///   - block: Elements of one variable.
  ///   - context: The step.
  public func update<Scalar: BinaryFloatingPoint>(_ block: Block<Scalar>, _ context: StepContext) {
    let decay = DecoupledDecay<Scalar>(weightDecay, learningRate: rate(context), arithmetic)
    if weightDecay != 0 {
      for i in 0..<block.count { block.parameter[i] = decay(block.parameter[i]) }
    }
    switch (momentum != 0, buffer, arithmetic.convention) {
    case (false, _, .tensorflow): descend(block, context)
    case (false, _, .pytorch): descendFused(block, context)
    case (true, .gradient, .tensorflow): accumulateGradients(block, context)
    case (true, .gradient, .pytorch): accumulateGradientsFused(block, context)
    case (true, .step, _): accumulateSteps(block, context)
    }
  }

  private func descend<Scalar: BinaryFloatingPoint>(_ block: Block<Scalar>, _ context: StepContext)
  {
    let lr = Scalar(rate(context))
    for i in 0..<block.count {
      block.parameter[i] = block.parameter[i] - block.gradient[i] * lr
    }
  }

  private func descendFused<Scalar: BinaryFloatingPoint>(
    _ block: Block<Scalar>,
    _ context: StepContext
  ) {
    let tensors = TensorOperations(arithmetic, block, isForeach: isForeach)
    let minusRate = tensors.number(-rate(context))
    for i in 0..<block.count {
      block.parameter[i] = tensors.sum(
        block.parameter[i],
        minusRate,
        times: block.gradient[i],
        at: i
      )
    }
  }

  private func accumulateGradients<Scalar: BinaryFloatingPoint>(
    _ block: Block<Scalar>,
    _ context: StepContext
  ) {
    let lr = Scalar(rate(context))
    let mu = Scalar(momentum)
    let share = Scalar(1 - dampening)
    let buffer = block.slots[0]
    for i in 0..<block.count {
      let g = block.gradient[i]
      let b = buffer[i] * mu + (share == 1 ? g : share * g)
      let step = isNesterov ? g * lr + (b * mu) * lr : b * lr
      block.parameter[i] = block.parameter[i] - step
      buffer[i] = b
    }
  }

  private func accumulateGradientsFused<Scalar: BinaryFloatingPoint>(
    _ block: Block<Scalar>,
    _ context: StepContext
  ) {
    let tensors = TensorOperations(arithmetic, block, isForeach: isForeach)
    let minusRate = tensors.number(-rate(context))
    let (mu, nextMu) = (Scalar(momentum), tensors.number(momentum))
    let share = tensors.number(1 - dampening)
    let buffer = block.slots[0]
    let tail = arithmetic == .pytorchFused ? block.fusedTail : block.count
    for i in 0..<block.count {
      let g = block.gradient[i]
      let b: Scalar
      if context.step == 1 {
        b = g
      } else if i < tail {
        b = tensors.sum(tensors.scaled(buffer[i], by: mu), share, times: g, at: i)
      } else {
        b = .fma(buffer[i], mu, share * g)
      }
      let direction = isNesterov ? tensors.sum(g, nextMu, times: b, at: i) : b
      block.parameter[i] = tensors.sum(block.parameter[i], minusRate, times: direction, at: i)
      buffer[i] = b
    }
  }

  private func accumulateSteps<Scalar: BinaryFloatingPoint>(
    _ block: Block<Scalar>,
    _ context: StepContext
  ) {
    let lr = Scalar(rate(context))
    let mu = Scalar(momentum)
    let buffer = block.slots[0]
    for i in 0..<block.count {
      let g = block.gradient[i]
      let b = buffer[i] * mu - g * lr
      block.parameter[i] = block.parameter[i] + (isNesterov ? b * mu - g * lr : b)
      buffer[i] = b
    }
  }
}
