internal import OptimizerCore
internal import Tensors
public import TrainingState

extension TrainingState {
  /// A part of the state.
  ///
  /// - Parameter part: Which one.
  /// - Returns: A state with that part alone.
  public func taking(_ part: StatePart) -> TrainingState {
    var copy = part == .parameters ? withoutOthers : self
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
      copy.optimizers = []
      copy.attributes[TrainingState.hiddenOptimizer] = nil
      copy.attributes[TrainingState.claimsKey] = nil
    case .slots:
      copy.variables = variables.filter { !$0.slots.isEmpty }.map { variable in
        Variable(variable.name, value: nil, slots: variable.slots, step: variable.step)
      }
      copy.extras = []
    }
    return copy
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

  /// The parameters alone: everything of an optimizer goes, known or not.
  ///
  /// - Returns: A state to publish.
  /// - Throws: `StateError` with code `unsupported` where an optimizer's state is part of an object that is not read, and
  ///   cannot be taken out of it.
  public func stripped() throws -> TrainingState {
    var copy = taking(.parameters)
    let isWhole = { (extra: StateTensor) in extra.name.hasPrefix("files/") }
    let unread = copy.unreadOptimizerState
    if let inside = unread.first(where: { !isWhole($0) }) {
      throw StateError(
        .unsupported,
        "is an optimizer's by its name, is not read, and cannot be left out alone",
        tensor: inside.name,
        remedy: "optstate convert --only parameters to another format, such as .safetensors"
      )
    }
    let names = Set(unread.map { ExactName($0.name) })
    copy.extras.removeAll { names.contains(ExactName($0.name)) }
    return copy
  }

  /// Refuses to change what an optimizer keeps where one is there unread.
  package func refuseUnreadOptimizers() throws {
    guard let unread = unreadOptimizerState.first else { return }
    throw StateError(
      .unsupported,
      "is an optimizer's by its name and is not read: nothing in it would be changed",
      tensor: unread.name,
      remedy: "change it in the framework that wrote it"
    )
  }
}
