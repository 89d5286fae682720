public import TrainingState

extension TrainingState {
  /// A part of the state.
  ///
  /// - Parameter part: Which one.
  /// - Returns: A state with that part alone.
  public func taking(_ part: StatePart) -> TrainingState {
    var copy = self
    switch part {
    case .all: break
    case .parameters:
      copy.variables = variables.filter { $0.value != nil }.map {
        Variable($0.name, value: $0.value)
      }
      copy.globalStep = nil
      copy.optimizerTensors = []
      copy.optimizer = nil
      copy.schedule = nil
      copy.attributes[TrainingState.hiddenOptimizer] = nil
    case .slots:
      copy.variables = variables.filter { !$0.slots.isEmpty }.map { variable in
        Variable(variable.name, value: nil, slots: variable.slots, step: variable.step)
      }
      copy.extras = []
    }
    return copy
  }
}
