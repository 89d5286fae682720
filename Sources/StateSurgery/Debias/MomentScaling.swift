internal import OptimizerCore
internal import Tensors

/// Moments divided or multiplied by the factors of their correction.
struct MomentScaling {
  private let operation: Debias.Operation
  private let isFirst: Bool
  private let trustsSource: Bool

  init(_ operation: Debias.Operation, isFirst: Bool, trustsSource: Bool = false) {
    self.operation = operation
    self.isFirst = isFirst
    self.trustsSource = trustsSource
  }

  /// `1 − betaᵗ`: the sum of the weights of an average that began at zero.
  static func factor(_ beta: Double, _ step: Int64) -> Double {
    1 - BetaPower.exact(beta, step: step)
  }

  /// The tensor with its rows scaled, each by its own factor.
  func apply(to tensor: Tensor, _ stretches: [MomentStretch]) throws -> Tensor {
    guard stretches.contains(where: \.isChanged) else { return tensor }
    if stretches.count == 1 {
      // Without a sum on record nothing is read to compare it.
      let source =
        trustsSource
        ? try Tensor(tensor.elementType, tensor.shape, source: tensor.source) : tensor
      return try scaled(source, stretches[0])
    }
    let dimensions = tensor.shape.dimensions
    let parts = try stretches.map { stretch in
      let block = try TensorBlock(
        starts: [stretch.rows.lowerBound] + dimensions.dropFirst().map { _ in 0 },
        lengths: [stretch.rows.count] + dimensions.dropFirst(),
        in: tensor.shape
      )
      let part = try tensor.slice(block)
      return (block, stretch.isChanged ? try scaled(part, stretch) : part)
    }
    return try Tensor.assemble(tensor.elementType, tensor.shape, from: parts)
  }

  private func scaled(_ tensor: Tensor, _ stretch: MomentStretch) throws -> Tensor {
    let factor =
      isFirst
      ? Self.factor(stretch.beta1, stretch.ages.first)
      : Self.factor(stretch.beta2, stretch.ages.second)
    return operation == .fold
      ? try tensor.divided(by: factor) : try tensor.multiplied(by: factor)
  }
}
