public import Tensors

/// AdaX: a second moment with growing memory.
///
///     m' = beta1·m + (1 − beta1)·g
///     v' = (1 + beta2)·v + beta2·g²
///     p' = p − learning_rate·m'/(√(v'/((1 + beta2)ᵗ − 1)) + epsilon)      corrected
///     p' = p − α·m'/(√v' + epsilon),  α = learning_rate·√((1 + beta2)ᵗ − 1)      hat
///
/// There is no correction of the first moment. The second moment grows without end and cannot be
/// exchanged for Adam's.
///
/// - SeeAlso: Li, Zhang, Tao & Zhu, 2020 (arXiv:2004.09740), algorithm 2; bojone/adax, `AdaX_V2`
///   (corrected) and `AdaX` (hat).
public struct AdaX: UpdateRule {
  /// The implementation that is reproduced.
  public let arithmetic: Arithmetic
  /// The rate where the step brings none.
  public let learningRate: Double
  /// Decay of the first moment.
  public let beta1: Double
  /// Growth of the second moment.
  public let beta2: Double
  /// Guards the division.
  public let epsilon: Double
  /// What epsilon is added to.
  public let epsilonForm: Adam.EpsilonForm
  /// Decoupled weight decay.
  public let weightDecay: Double

  init(from reader: inout RecordReader) throws {
    arithmetic = reader.arithmetic
    learningRate = try reader.number("learning_rate", default: 0.001)
    beta1 = try reader.number("beta1", default: 0.9)
    beta2 = try reader.number("beta2", default: 1e-4, in: 0...(.infinity))
    epsilonForm = try reader.choice("epsilon_placement", default: .corrected)
    epsilon = try reader.number("epsilon", default: epsilonForm == .corrected ? 1e-6 : 1e-7)
    weightDecay = try reader.number("weight_decay", default: 0)
  }

  /// `adam_m`, `adax_v`.
  ///
  /// - Parameter shape: The variable's shape.
  /// - Returns: The slots.
  public func slots(for shape: Shape) -> [SlotDefinition] {
    [SlotName.firstMoment, SlotName.growingSecondMoment].map { SlotDefinition($0, shape) }
  }

  /// Updates parameters and moments.
  ///
  /// - Parameters:
  ///   - block: Elements of one variable.
  ///   - context: The step.
  public func update<Scalar: BinaryFloatingPoint>(_ block: Block<Scalar>, _ context: StepContext) {
    let lr = Scalar(rate(context))
    let (b1, b2) = (Scalar(beta1), Scalar(beta2))
    let eps = Scalar(epsilon)
    let base = 1 + b2
    let growth = Scalar(Mathematics.power(Double(base), Double(context.step))) - 1
    let alpha = lr * growth.squareRoot()
    let decay = DecoupledDecay<Scalar>(weightDecay, learningRate: rate(context), arithmetic)
    for i in 0..<block.count {
      let g = block.gradient[i]
      let p = decay(block.parameter[i])
      let m = b1 * block.slots[0][i] + (1 - b1) * g
      let v = base * block.slots[1][i] + b2 * (g * g)
      switch epsilonForm {
      case .corrected: block.parameter[i] = p - (lr * m) / ((v / growth).squareRoot() + eps)
      case .hat: block.parameter[i] = p - (alpha * m) / (v.squareRoot() + eps)
      }
      block.slots[0][i] = m
      block.slots[1][i] = v
    }
  }
}
