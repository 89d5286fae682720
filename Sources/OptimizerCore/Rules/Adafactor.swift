public import Tensors

/// Adafactor: a second moment kept as its means over rows and columns.
///
/// For a variable of at least two axes, over its last two:
///
///     β₂ = 1 − t^(−decay_exponent)
///     R' = β₂·R + (1 − β₂)·mean(g² + epsilon1, last axis)
///     C' = β₂·C + (1 − β₂)·mean(g² + epsilon1, last axis but one)
///     V  = R'·C' / mean(R')
///     u  = g/√V,  û = u / max(1, rms(u)/clip_threshold)
///     p' = p − max(epsilon2, rms(p))·ρ·û,  ρ = min(learning_rate, 1/√t)
///
/// PyTorch adds no epsilon to `g²`; it bounds `mean(R')` below by epsilon1 and `V` by its square. A
/// vector keeps the full second moment. Keras keeps `V` as well.
///
/// - SeeAlso: Shazeer & Stern, 2018 (arXiv:1804.04235), algorithms 4 and 5;
///   `keras.optimizers.Adafactor`, `torch.optim.Adafactor`.
public struct Adafactor: UpdateRule {
  /// The implementation that is reproduced.
  public let arithmetic: Arithmetic
  /// The greatest rate, where the step brings none.
  public let learningRate: Double
  /// How fast the second moment's decay approaches 1.
  public let decayExponent: Double
  /// Guards the second moment.
  public let epsilon1: Double
  /// The least scale of the parameters.
  public let epsilon2: Double
  /// The greatest root mean square of a step.
  public let clipThreshold: Double
  /// Decoupled weight decay.
  public let weightDecay: Double

  init(from reader: inout RecordReader) throws {
    arithmetic = reader.arithmetic
    let isTorch = arithmetic.convention == .pytorch
    learningRate = try reader.number("learning_rate", default: isTorch ? 0.01 : 0.001)
    decayExponent = try reader.number("decay_exponent", default: 0.8)
    epsilon1 = try reader.number(
      "epsilon1",
      default: isTorch ? Double(Float.ulpOfOne) : 1e-30
    )
    epsilon2 = try reader.number("epsilon2", default: 1e-3)
    clipThreshold = try reader.number("clip_threshold", default: 1)
    weightDecay = try reader.number("weight_decay", default: 0)
  }

  /// False: means and norms are the whole variable's.
  public var isElementwise: Bool { false }

  /// `factored_row` and `factored_col` from two axes on, with Keras also the full `adam_v`; else
  /// `adam_v`.
  ///
  /// - Parameter shape: The variable's shape.
  /// - Returns: The slots.
  public func slots(for shape: Shape) -> [SlotDefinition] {
    guard let factors = FactoredShape(shape) else {
      return [SlotDefinition(SlotName.secondMoment, shape)]
    }
    let slots = [
      SlotDefinition(SlotName.factoredRow, factors.rowShape),
      SlotDefinition(SlotName.factoredColumn, factors.columnShape),
    ]
    let keepsFull = arithmetic.convention == .tensorflow
    return keepsFull ? slots + [SlotDefinition(SlotName.secondMoment, shape)] : slots
  }

  /// Updates parameters and second moments.
  ///
  /// - Parameters:
  ///   - block: All elements of one variable.
  ///   - context: The step.
  public func update<Scalar: BinaryFloatingPoint>(_ block: Block<Scalar>, _ context: StepContext) {
    guard block.count > 0 else { return }
    switch arithmetic.convention {
    case .tensorflow: updateRounded(block, context)
    case .pytorch: updateFused(block, context)
    }
  }

  private func updateRounded<Scalar: BinaryFloatingPoint>(
    _ block: Block<Scalar>,
    _ context: StepContext
  ) {
    let t = Scalar(context.step)
    let decay = DecoupledDecay<Scalar>(weightDecay, learningRate: rate(context), arithmetic)
    for i in 0..<block.count { block.parameter[i] = decay(block.parameter[i]) }
    let rho = min(Scalar(rate(context)), 1 / t.squareRoot())
    let scale = max(
      Scalar(epsilon2),
      RoundedMeans.rootOfSquares(block.count) { block.parameter[$0] }
    )
    let alpha = scale * rho
    let beta2 = 1 - Scalar.power(t, Scalar(-decayExponent))
    let eps = Scalar(epsilon1)
    let square = { (i: Int) in block.gradient[i] * block.gradient[i] + eps }
    let average = { (old: Scalar, new: Scalar) in beta2 * old + (1 - beta2) * new }
    let full = block.slots[block.slots.count - 1]
    if let factors = FactoredShape(block.shape) {
      factors.updateMeans(block, square, RoundedMeans.self, average)
      let means = factors.meansOfRows(block)
      factors.forEach { matrix, row, column, i in
        full[i] = (block.slots[0][row] / means[matrix]) * block.slots[1][column]
      }
    } else {
      for i in 0..<block.count { full[i] = average(full[i], square(i)) }
    }
    let step = { (i: Int) in block.gradient[i] / full[i].squareRoot() }
    let clip = max(1, RoundedMeans.rootOfSquares(block.count, step) / Scalar(clipThreshold))
    for i in 0..<block.count {
      block.parameter[i] = block.parameter[i] - alpha * (step(i) / clip)
    }
  }

  private func updateFused<Scalar: BinaryFloatingPoint>(
    _ block: Block<Scalar>,
    _ context: StepContext
  ) {
    let lr = rate(context)
    let t = Double(context.step)
    let share = Scalar(Mathematics.power(t, -decayExponent))
    let rho = min(lr, 1 / t.squareRoot())
    let scale = max(epsilon2, FusedMeans.rootOfSquares(block.count) { block.parameter[$0] })
    let alpha = scale * rho
    let decay = DecoupledDecay<Scalar>(weightDecay, learningRate: lr, arithmetic)
    let least = Scalar(epsilon1)
    let leastSquare = Scalar(epsilon1 * epsilon1)
    let average = { (old: Scalar, new: Scalar) in Scalar.lerp(old, new, weight: share) }
    var steps = [Scalar](repeating: 0, count: block.count)
    if let factors = FactoredShape(block.shape) {
      factors.updateMeans(block, { block.gradient[$0] }, FusedMeans.self, average)
      let means = factors.meansOfRows(block).map { max($0, least) }
      factors.forEach { matrix, row, column, i in
        let v = (block.slots[0][row] * block.slots[1][column]) / means[matrix]
        steps[i] = (1 / max(v, leastSquare).squareRoot()) * block.gradient[i]
      }
    } else {
      for i in 0..<block.count {
        let v = average(block.slots[0][i], block.gradient[i] * block.gradient[i])
        block.slots[0][i] = v
        steps[i] = (1 / max(v, leastSquare).squareRoot()) * block.gradient[i]
      }
    }
    let clip = max(1, FusedMeans.rootOfSquares(block.count) { steps[$0] } / clipThreshold)
    let minusAlpha = Scalar(-alpha / clip)
    for i in 0..<block.count {
      block.parameter[i] = .fma(minusAlpha, steps[i], decay(block.parameter[i]))
    }
  }
}
