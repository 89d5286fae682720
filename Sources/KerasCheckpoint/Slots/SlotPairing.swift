internal import Tensors
internal import TrainingState

/// Finds out what the tensors of an optimizer's list are.
enum SlotPairing {
  /// Pairs a list with variables: by name where the names say it, else by the optimizer's order.
  ///
  /// - Parameters:
  ///   - list: The tensors in the list's order, named as the file names them.
  ///   - owners: The model's variables in its order.
  ///   - config: The optimizer's configuration, where the file has one.
  ///   - family: Whose implementation it is.
  ///   - kind: The rule, `nil` where nothing tells.
  ///   - hasCounter: Whether the list begins with a counter of updates.
  /// - Returns: The pairs, the step counter apart.
  /// - Throws: `StateError` with code `malformed` or `unsupported`.
  static func pair(
    _ list: [StateTensor],
    with owners: [SlotOwner],
    config: OptimizerConfig?,
    family: KerasFamily,
    kind: String?,
    hasCounter: Bool = true
  ) throws -> OptimizerTensors {
    guard let step = list.first else { return OptimizerTensors() }
    let rest = Array(list.dropFirst(hasCounter ? 1 : 0))
    var result: OptimizerTensors
    if let named = NamePairing(owners, family, kind: kind).pairs(rest) {
      result = named
    } else {
      result = try OrderPairing(owners, family, kind: kind, config: config).pairs(rest)
    }
    guard hasCounter else { return result }
    result.step = step
    // Loss scaling counts on its own; the optimizer that it wraps has counted the updates.
    if let inner = result.scalars.firstIndex(where: { isCounter($0) }) {
      result.step = result.scalars.remove(at: inner)
      result.scalars.insert(step, at: 0)
    }
    return result
  }

  private static func isCounter(_ tensor: StateTensor) -> Bool {
    tensor.tensor.elementType == .int64 && tensor.tensor.shape.rank == 0
      && KerasFamily(counter: tensor.name) != nil
  }
}
