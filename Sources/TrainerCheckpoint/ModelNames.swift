internal import PyTorchCheckpoint
internal import Tensors
package import TrainingState

/// The names that models of transformers have for their parameters.
package enum ModelNames {
  /// The parameters of a state that no model of transformers has, of all models the one taken that has most.
  ///
  /// - Parameter state: The state; numbers that are no parameters, such as scalars without slots, do not count.
  /// - Returns: Their names in the state's order, none where a model has all of them.
  /// - Complexity: O(number of variables).
  package static func unknown(in state: TrainingState) -> [String] {
    let names = zip(state.variables, TiedVariables.find(state.variables)).compactMap {
      pair -> String? in
      let (variable, twin) = pair
      guard twin == nil, !TrainerGroups.isBuffer(variable.name) else { return nil }
      let tensor = (variable.value ?? variable.slots.first?.tensor)?.tensor
      let isNumber = variable.slots.isEmpty && tensor?.shape.rank == 0
      return isNumber || variable.slots.isEmpty && !variable.canBeTrained ? nil : variable.name
    }
    return ModelOrder.unknown(names)
  }
}
