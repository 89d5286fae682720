internal import ByteIO
internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// The product of momenta that Keras' Nadam keeps once for all variables, among the tensors of a state's optimizer.
struct MomentumProduct {
  private let place: Int

  /// Its value before the next update.
  let value: Double

  /// What Keras 3 calls it.
  private static let words = Set(
    (OptimizerCatalog.description(of: RuleKind.nadam.rawValue)?.rows(in: .keras3) ?? [])
      .flatMap(\.scalars)
  )

  /// Finds the product, `nil` where there is none in `float32`.
  init?(_ tensors: [StateTensor]) throws {
    let found = tensors.firstIndex { tensor in
      Self.words.contains(tensor.name.split(separator: "/").last.map(String.init) ?? "")
        && tensor.tensor.elementType == .float32 && tensor.tensor.shape.rank == 0
    }
    guard let found else { return nil }
    place = found
    let tensor = NamedTensor(tensors[found].name, tensors[found].tensor)
    let bits = try TensorPass.verifiedBytes(of: tensor, limit: 4)
      .reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    value = Double(Float(bitPattern: bits))
  }

  /// The tensors after an update by a rule; as they are where the rule is none that multiplies it up.
  func advanced(
    _ tensors: [StateTensor],
    by rule: any UpdateRule,
    _ context: StepContext
  ) throws -> [StateTensor] {
    guard let rule = rule as? NAdam else { return tensors }
    var copy = tensors
    let next = rule.nextMomentumProduct(context)
    copy[place].tensor = try Tensor.constant(next, .float32, .scalar)
    return copy
  }
}
