internal import OptimizerCore
internal import Tensors
package import TorchContainer
package import TrainingState

/// A tree made for a state that came from elsewhere: `{"model": …, "optimizer": …}`, without what the
/// state has not, or the bare state dictionary of a model that has nothing else.
package struct FreshTree {
  package let tree: PickleValue
  package let nodes = TorchNodes()
  package private(set) var tensors: [StoragePlan.Node] = []

  /// The names of the optimizer's parameters in the order of their numbers.
  package private(set) var names: [String] = []

  package init(_ state: TrainingState, note: ((String) -> Void)?) throws {
    var items: [PickleItem] = []
    let twins = TiedVariables.find(state.variables)
    for (variable, twin) in zip(state.variables, twins) {
      guard let own = variable.value else { continue }
      let value = twin.flatMap { state.variables[$0].value } ?? own
      let object = nodes.tensor()
      items.append((nodes.text(variable.name), .object(object)))
      tensors.append(.init(name: variable.name, object: object, tensor: value.tensor))
    }
    let model = nodes.ordered(items)
    let count = state.globalStep.map { ("global_step", PickleValue.int($0.value)) }
    guard state.optimizers.isEmpty else {
      let optimizers = try FreshOptimizers(state, nodes, note)
      tensors += optimizers.tensors
      names = optimizers.names
      tree = nodes.dictionary([("model", model)] + optimizers.parts + (count.map { [$0] } ?? []))
      return
    }
    guard state.optimizer != nil || state.variables.contains(where: { !$0.slots.isEmpty }) else {
      tree = if let count { nodes.dictionary([("model", model), count]) } else { model }
      return
    }
    let optimizer = try FreshOptimizer(
      state,
      parameters: Self.parameters(state),
      nodes: nodes,
      asTrainer: false,
      note: note
    )
    tensors += optimizer.tensors
    names = optimizer.names
    var parts = [("model", model), ("optimizer", optimizer.value)]
    if let scheduler = optimizer.scheduler { parts.append(("scheduler", scheduler)) }
    if let count { parts.append(count) }
    tree = nodes.dictionary(parts)
  }

  /// The variables that an optimizer numbers: no buffers, no whole numbers, of tied ones the first, and
  /// where groups say who is trained, nobody else.
  package static func parameters(_ state: TrainingState) -> [Variable] {
    let groups = state.optimizer?.groups ?? []
    let members = Set(groups.flatMap { $0.members.map(ExactName.init) })
    // Where numbers stand for parameters, those that have numbers are all.
    if !state.numberedSlots.isEmpty { return state.variables.filter { !$0.slots.isEmpty } }
    return zip(state.variables, TiedVariables.find(state.variables)).compactMap { variable, twin in
      if !variable.slots.isEmpty { return variable }
      guard let tensor = variable.value?.tensor, twin == nil,
        tensor.elementType.isFloatingPoint, !TrainerGroups.isBuffer(variable.name),
        variable.canBeTrained || !members.isEmpty,
        members.isEmpty || members.contains(ExactName(variable.name))
      else { return nil }
      return variable
    }
  }
}
