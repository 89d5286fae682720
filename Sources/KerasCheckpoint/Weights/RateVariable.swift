internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// Keeps the variable of the learning rate in step with the records: Keras 3 has it exactly where no
/// schedule object gives the rate.
enum RateVariable {
  /// The state with its rate's variable brought up to date.
  ///
  /// - Parameters:
  ///   - state: A state of Keras 3.
  ///   - hasSchedule: Whether the configuration now has a schedule object, `nil` where there is none.
  /// - Returns: The state, the places of the list behind the rate moved where it came or went.
  /// - Throws: `StateError` when the rate cannot be read.
  static func updated(_ state: TrainingState, hasSchedule: Bool?) throws -> TrainingState {
    var copy = state
    let old = KerasRate.tensor(of: state)
    switch (old, hasSchedule) {
    case (let old?, true?):
      copy.optimizerTensors.removeAll { $0.name == old.name && $0.index == old.index }
      move(&copy, from: (old.index ?? 1) + 1, by: -1)
    case (nil, false?):
      guard let step = state.globalStep?.tensor,
        let rate = state.optimizer?.hyperparameters["learning_rate"]?.number
      else { return copy }
      let place = (step.index ?? 0) + 1
      move(&copy, from: place, by: 1)
      copy.optimizerTensors.append(
        StateTensor(
          "optimizer/learning_rate",
          try KerasRate.tensor(rate),
          sourceName: "optimizer/vars/\(place)",
          index: place
        )
      )
    default: try KerasRate.write(into: &copy)
    }
    return copy
  }

  private static func move(_ state: inout TrainingState, from place: Int, by distance: Int) {
    func moved(_ tensor: StateTensor) -> StateTensor {
      guard let index = tensor.index, index >= place,
        tensor.attributes[KerasNames.Attribute.list] == nil
      else { return tensor }
      var copy = tensor
      copy.index = index + distance
      return copy
    }
    for variable in state.variables.indices {
      for slot in state.variables[variable].slots.indices {
        let tensor = state.variables[variable].slots[slot].tensor
        state.variables[variable].slots[slot].tensor = moved(tensor)
      }
    }
    state.optimizerTensors = state.optimizerTensors.map(moved)
    state.extras = state.extras.map(moved)
  }
}
