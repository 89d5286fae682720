internal import Tensors
internal import TrainingState

/// The counter that a list of optimizer weights begins with.
enum LegacyStep {
  /// The step of a state that has slots.
  ///
  /// - Throws: `StateError` with code `unsupported` when neither the state nor its variables, all
  ///   alike, say it.
  static func value(of state: TrainingState) throws -> Int64 {
    if let step = state.globalStep { return step.value }
    let steps = Set(state.variables.filter { !$0.slots.isEmpty }.map(\.step))
    if steps.count == 1, let only = steps.first, let step = only { return step }
    throw StateError(
      .unsupported,
      "Keras counts updates once for all variables, and the state does not say how many there were",
      remedy: "set the step with optstate set --step N"
    )
  }
}
