public import Tensors

/// Resilient propagation: only the signs of gradients count, each weight has a step of its own.
///
///     s' = s·eta_plus where g·g₋₁ > 0, s·eta_minus where it is < 0, within step_size_min and step_size_max
///     g' = 0 where g·g₋₁ < 0, else g
///     p' = p − sign(g')·s'
///
/// - SeeAlso: Riedmiller & Braun, 1993 (ICNN), in the form without weight backtracking; `torch.optim.Rprop`.
public struct Rprop: UpdateRule {
  /// The implementation that is reproduced.
  public let arithmetic: Arithmetic
  /// The first step of every weight.
  public let learningRate: Double
  /// What a step shrinks by where the sign changes.
  public let etaMinus: Double
  /// What a step grows by where it does not.
  public let etaPlus: Double
  /// The least step.
  public let stepSizeMin: Double
  /// The greatest step.
  public let stepSizeMax: Double

  init(from reader: inout RecordReader) throws {
    arithmetic = reader.arithmetic
    learningRate = try reader.number("learning_rate", default: 0.01)
    etaMinus = try reader.number("eta_minus", default: 0.5)
    etaPlus = try reader.number("eta_plus", default: 1.2)
    stepSizeMin = try reader.number("step_size_min", default: 1e-6)
    stepSizeMax = try reader.number("step_size_max", default: 50)
  }

  /// `previous_gradient`, `step_size`.
  ///
  /// - Parameter shape: The variable's shape.
  /// - Returns: The slots.
  public func slots(for shape: Shape) -> [SlotDefinition] {
    [
      SlotDefinition(.previousGradient, shape),
      SlotDefinition(.stepSize, shape, initialValue: learningRate),
    ]
  }

  /// Updates parameters, steps and gradients.
  ///
  /// - Parameters:
  ///   - block: Elements of one variable.
  ///   - context: The step.
  public func update<Scalar: BinaryFloatingPoint>(_ block: Block<Scalar>, _ context: StepContext) {
    let tensors = TensorOperations(arithmetic, block)
    let (shrink, grow) = (tensors.number(etaMinus), tensors.number(etaPlus))
    let (least, greatest) = (tensors.number(stepSizeMin), tensors.number(stepSizeMax))
    for i in 0..<block.count {
      let agreement = tensors.product(block.gradient[i], block.slots[0][i])
      let factor = agreement > 0 ? grow : agreement < 0 ? shrink : 1
      var step = tensors.product(block.slots[1][i], factor)
      if step < least { step = least }
      if step > greatest { step = greatest }
      let g = factor == shrink ? 0 : block.gradient[i]
      block.parameter[i] = tensors.sum(
        block.parameter[i],
        product: tensors.sign(g),
        step,
        factor: -1
      )
      block.slots[0][i] = g
      block.slots[1][i] = step
    }
  }
}
