public import Tensors

/// Averaged stochastic gradient descent, with a rate that falls and a mean of the weights that begins late.
///
///     p' = p·(1 − lambd·η) − η·g
///     a' = a + μ·(p' − a),  p' itself while μ = 1
///     η' = learning_rate/(1 + lambd·learning_rate·t)^alpha,  μ' = 1/max(1, t − t0)
///
/// `η` and `μ` are kept for every parameter, for the step after.
///
/// - SeeAlso: Polyak & Juditsky, 1992 (SIAM J. Control Optim. 30); `torch.optim.ASGD`.
public struct ASGD: UpdateRule {
  /// The implementation that is reproduced.
  public let arithmetic: Arithmetic
  /// The rate where the step brings none.
  public let learningRate: Double
  /// How fast the rate falls, and a decay of the weights.
  public let lambd: Double
  /// The power by which the rate falls.
  public let alpha: Double
  /// The step from which the weights are averaged.
  public let t0: Double
  /// Whether PyTorch's foreach path is meant.
  public let isForeach: Bool

  init(from reader: inout RecordReader) throws {
    arithmetic = reader.arithmetic
    learningRate = try reader.number("learning_rate", default: 0.01)
    lambd = try reader.number("lambd", default: 1e-4)
    alpha = try reader.number("alpha", default: 0.75)
    t0 = try reader.number("t0", default: 1e6)
    isForeach = try reader.flag("foreach", default: false)
  }

  /// `asgd_eta`, `asgd_mu`, `averaged_weights`.
  ///
  /// - Parameter shape: The variable's shape.
  /// - Returns: The slots.
  public func slots(for shape: Shape) -> [SlotDefinition] {
    [
      SlotDefinition(number: .currentRate, initialValue: learningRate),
      SlotDefinition(number: .averagingShare, initialValue: 1),
      SlotDefinition(.averagedWeights, shape),
    ]
  }

  /// The rate and the share of the step after, each a `float32` number.
  ///
  /// - Parameter context: The step.
  /// - Returns: `η'` and `μ'`.
  public func nextNumbers(_ context: StepContext) -> [Double] {
    let t = Double(context.step)
    let lr = rate(context)
    return [nextRate(lr, t), Double(Float(1 / max(1, t - t0)))]
  }

  /// The foreach path forms it of a `float32` tensor, operation by operation.
  private func nextRate(_ lr: Double, _ t: Double) -> Double {
    guard isForeach else {
      return Double(Float(lr / Mathematics.power(1 + lambd * lr * t, alpha)))
    }
    let base = Float(lambd * lr) * Float(t) + 1
    let power = Float(Mathematics.power(Double(base), alpha))
    return Double((1 / power) * Float(lr))
  }

  /// Updates parameters and their mean.
  ///
  /// - Parameters:
  ///   - block: Elements of one variable.
  ///   - context: The step.
  public func update<Scalar: BinaryFloatingPoint>(_ block: Block<Scalar>, _ context: StepContext) {
    let tensors = TensorOperations(arithmetic, block, isForeach: isForeach)
    let (eta, mu) = (context.numbers.first ?? learningRate, context.numbers.last ?? 1)
    if isForeach {
      let factor = tensors.number(lambd)
      let (etaOfTensor, share) = (tensors.number(eta), tensors.number(mu))
      for i in 0..<block.count {
        let p = block.parameter[i]
        let slope = tensors.sum(block.gradient[i], factor, times: p, at: i)
        let new = tensors.sum(p, product: slope, etaOfTensor, factor: -1)
        let a = block.slots[0][i]
        block.parameter[i] = new
        block.slots[0][i] = tensors.sum(
          a,
          product: tensors.difference(new, a),
          share,
          factor: 1
        )
      }
    } else {
      let (decay, minusEta) = (Scalar(1 - lambd * eta), tensors.number(-eta))
      let share = Scalar(mu)
      for i in 0..<block.count {
        let p = tensors.scaled(block.parameter[i], by: decay)
        let new = tensors.sum(p, minusEta, times: block.gradient[i], at: i)
        let a = block.slots[0][i]
        block.parameter[i] = new
        block.slots[0][i] =
          mu == 1
          ? new : tensors.sum(a, tensors.product(tensors.difference(new, a), share))
      }
    }
  }
}
