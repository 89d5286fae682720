internal import OptimizerCore
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
      copy.attributes[TrainingState.claimsKey] = nil
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

  /// What the parameters alone leave behind, in words, `nil` where there is nothing else.
  public var besideParameters: String? {
    var parts: [String] = []
    var counts: [SlotName: Int] = [:]
    for slot in variables.lazy.flatMap(\.slots) { counts[slot.name, default: 0] += 1 }
    if !counts.isEmpty {
      let names = counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
      parts.append("slots " + names.joined(separator: ", "))
    }
    if !optimizerTensors.isEmpty { parts.append("\(optimizerTensors.count) optimizer tensors") }
    if !optimizers.isEmpty {
      parts.append("the optimizers " + optimizers.map { "'\($0.name)'" }.joined(separator: ", "))
    } else if let optimizer {
      parts.append("the settings of \(optimizer.kind)")
    }
    if let step = globalStep?.value { parts.append("step \(step)") }
    if schedule != nil { parts.append("the schedule") }
    let list = parts.joined(separator: "; ")
    let all = claims.isEmpty ? list : list + " (" + claims.joined(separator: "; ") + ")"
    return parts.isEmpty ? nil : all
  }
}
