public import Tensors

/// Adadelta: steps in the units of the weights, from means of squared gradients and of squared steps.
///
///     a' = rho·a + (1 − rho)·g²
///     u  = √(d + epsilon)/√(a' + epsilon)·g
///     d' = rho·d + (1 − rho)·u²
///     p' = p − learning_rate·u
///
/// Keras multiplies by `g` before it divides. TensorFlow's kernel multiplies by an approximate reciprocal root; here that
/// is the correctly rounded one.
///
/// - SeeAlso: Zeiler, 2012 (arXiv:1212.5701), algorithm 1; `torch.optim.Adadelta`, `keras.optimizers.Adadelta`,
///   `tf.compat.v1.train.AdadeltaOptimizer`.
public struct Adadelta: UpdateRule {
  /// The implementation that is reproduced.
  public let arithmetic: Arithmetic
  /// The rate where the step brings none.
  public let learningRate: Double
  /// Decay of the means.
  public let rho: Double
  /// Guards the roots, inside them.
  public let epsilon: Double
  /// Decoupled weight decay, which Keras offers.
  public let weightDecay: Double
  /// Whether PyTorch's foreach path is meant.
  public let isForeach: Bool

  init(from reader: inout RecordReader) throws {
    arithmetic = reader.arithmetic
    let isTorch = arithmetic.convention == .pytorch
    learningRate = try reader.number("learning_rate", default: isTorch ? 1 : 0.001)
    let isKernel = arithmetic == .tensorflow
    rho = try reader.number("rho", default: isTorch ? 0.9 : 0.95)
    epsilon = try reader.number("epsilon", default: isTorch ? 1e-6 : isKernel ? 1e-8 : 1e-7)
    weightDecay = try reader.number("weight_decay", default: 0)
    isForeach = isTorch ? try reader.flag("foreach", default: false) : false
  }

  /// `accumulator`, `accumulator_update`.
  ///
  /// - Parameter shape: The variable's shape.
  /// - Returns: The slots.
  public func slots(for shape: Shape) -> [SlotDefinition] {
    [SlotName.accumulator, SlotName.updateAccumulator].map { SlotDefinition($0, shape) }
  }

  /// Updates parameters and means.
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

  private func updateRounded<Scalar: BinaryFloatingPoint>(
    _ block: Block<Scalar>,
    _ context: StepContext
  ) {
    let lr = Scalar(rate(context))
    let isKernel = arithmetic == .tensorflow
    let rho = Scalar(rho)
    let share = isKernel ? 1 - rho : Scalar(1 - self.rho)
    let eps = Scalar(epsilon)
    let decay = DecoupledDecay<Scalar>(weightDecay, learningRate: rate(context), arithmetic)
    for i in 0..<block.count {
      let g = block.gradient[i]
      let p = decay(block.parameter[i])
      let a = block.slots[0][i] * rho + (g * g) * share
      let d = block.slots[1][i]
      let (top, bottom) = ((d + eps).squareRoot(), (a + eps).squareRoot())
      let u = isKernel ? (top * (1 / bottom)) * g : (top * g) / bottom
      block.parameter[i] = p - u * lr
      block.slots[0][i] = a
      block.slots[1][i] = d * rho + (u * u) * share
    }
  }

  private func updateTensors<Scalar: BinaryFloatingPoint>(
    _ block: Block<Scalar>,
    _ context: StepContext
  ) {
    let tensors = TensorOperations(arithmetic, block, isForeach: isForeach)
    let minusRate = tensors.number(-rate(context))
    let (rho, share) = (Scalar(rho), Scalar(1 - self.rho))
    let eps = tensors.number(epsilon)
    let decay = DecoupledDecay<Scalar>(weightDecay, learningRate: rate(context), arithmetic)
    for i in 0..<block.count {
      let g = block.gradient[i]
      let p = decay(block.parameter[i], tensors)
      let a = tensors.sum(tensors.scaled(block.slots[0][i], by: rho), product: g, g, factor: share)
      let d = block.slots[1][i]
      let (top, bottom) = (
        tensors.root(tensors.sum(d, eps)), tensors.root(tensors.sum(a, eps))
      )
      let u = tensors.product(tensors.quotient(top, bottom), g)
      block.parameter[i] = tensors.sum(p, minusRate, times: u, at: i)
      block.slots[0][i] = a
      block.slots[1][i] = tensors.sum(tensors.scaled(d, by: rho), product: u, u, factor: share)
    }
  }
}
