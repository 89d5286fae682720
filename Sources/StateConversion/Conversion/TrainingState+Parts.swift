internal import Tensors
public import TrainingState

extension TrainingState {
  /// A part of the state.
  ///
  /// Of the parameters alone everything of an optimizer is left out, known or not. Where it is inside of an object that is not
  /// read, that object is left out as a whole.
  ///
  /// - Parameter part: Which one.
  /// - Returns: A state with that part alone.
  public func taking(_ part: StatePart) -> TrainingState {
    switch part {
    case .all: return self
    case .parameters:
      let unread = account.unread
      var copy = withoutOthers.withParametersAlone().withoutAccount()
      let names = Set(copy.unreadOptimizerState.map { ExactName($0.name) })
      copy.extras.removeAll { names.contains(ExactName($0.name)) }
      // A tree or a record with a fault in it, or with what nobody can cut out of it, is no template.
      if fault != nil || unread.contains(where: { !$0.hasPrefix("files/") }) {
        copy.extras.removeAll(where: \.isOfItsContainer)
      }
      return copy
    case .slots:
      var copy = withoutAccount()
      copy.variables = variables.filter { !$0.slots.isEmpty }.map { variable in
        Variable(variable.name, value: nil, slots: variable.slots, step: variable.step)
      }
      copy.extras = []
      return copy
    }
  }
}
