internal import OptimizerCatalog
internal import Tensors
internal import TrainingState

/// Keras' optimizers in a checkpoint by names, as estimators and graphs of TensorFlow 1 save them: the optimizer's name
/// stands before the variable's, `Adam/layer/w/m`, and its own scalars are `Adam/learning_rate` and the like.
struct EstimatorOptimizers {
  private static let vocabulary = SlotVocabulary(.tfKerasLegacy)

  /// Scalars that `OptimizerV2` keeps for every class, or for some.
  private static let scalars: Set = Set(
    [
      "beta_1", "beta_2", "decay", "iter", "learning_rate", "momentum", "rho", "epsilon",
      "initial_accumulator_value", "l1_regularization_strength", "l2_regularization_strength",
      "learning_rate_power", "beta",
    ] + OptimizerCatalog.all.flatMap { $0.rows(in: .tfKerasLegacy) }.flatMap(\.scalars)
  )

  private let shapes: [ExactName: Shape]

  /// Names of optimizers, each with a slash behind it.
  private let prefixes: [String]

  /// Finds the optimizers of a checkpoint.
  ///
  /// - Parameter shapes: The shapes of all its tensors, by their names.
  init(_ shapes: [ExactName: Shape]) {
    self.shapes = shapes
    // Every class of `OptimizerV2` has a rate and its decay.
    prefixes = shapes.filter { $0.value.rank == 0 && $0.key.text.hasSuffix("/learning_rate") }
      .map { String($0.key.text.dropLast("learning_rate".count)) }
      .filter { shapes[ExactName($0 + "decay")]?.rank == 0 }
      .sorted { ($1.utf8.count, $0) < ($0.utf8.count, $1) }
  }

  /// Whether a tensor is a scalar of one of the optimizers.
  func isScalar(_ tensor: StateTensor) -> Bool {
    tensor.tensor.shape.rank == 0
      && prefixes.contains { prefix in
        tensor.name.hasPrefix(prefix)
          && Self.scalars.contains(String(tensor.name.dropFirst(prefix.count)))
      }
  }

  /// The variable that a tensor is a slot of, `nil` where it is none of these optimizers' slots.
  func pairing(of tensor: StateTensor) -> TensorFlowSlots.Pairing? {
    for prefix in prefixes where tensor.name.hasPrefix(prefix) {
      let rest = tensor.name.dropFirst(prefix.count)
      guard let slash = rest.lastIndex(of: "/") else { continue }
      let variable = String(rest[..<slash])
      guard let shape = shapes[ExactName(variable)], tensor.tensor.shape == shape else { continue }
      let word = String(rest[rest.index(after: slash)...])
      let kind = OptimizerCatalog.description(
        ofKerasClass: String(prefix.split(separator: "/").last ?? "")
      )?.kind
      let slot = Self.vocabulary.slot(word, of: kind) { other in
        shapes[ExactName("\(prefix)\(variable)/\(other)")] != nil
      }
      return TensorFlowSlots.Pairing(variable: variable, slot: slot ?? .unrecognized(word))
    }
    return nil
  }
}
