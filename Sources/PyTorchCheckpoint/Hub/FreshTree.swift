internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// A tree made for a state that came from elsewhere: `{"model": …, "optimizer": …}`, or the bare state
/// dictionary of a model that has nothing else.
struct FreshTree {
  let tree: PickleValue
  let nodes = TorchNodes()
  private(set) var tensors: [StoragePlan.Node] = []

  init(_ state: TrainingState, note: ((String) -> Void)?) throws {
    var items: [PickleItem] = []
    for variable in state.variables {
      guard let value = variable.value else { continue }
      let object = nodes.tensor()
      items.append((nodes.text(variable.name), .object(object)))
      tensors.append(.init(name: variable.name, object: object, tensor: value.tensor))
    }
    let model = nodes.ordered(items)
    guard state.optimizer != nil || state.variables.contains(where: { !$0.slots.isEmpty }) else {
      tree = model
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
    var parts = [("model", model), ("optimizer", optimizer.value)]
    if let scheduler = optimizer.scheduler { parts.append(("scheduler", scheduler)) }
    if let step = state.globalStep?.value { parts.append(("global_step", .int(step))) }
    tree = nodes.dictionary(parts)
  }

  /// The variables that an optimizer numbers: no buffers, no whole numbers, of tied ones the first.
  static func parameters(_ state: TrainingState) -> [Variable] {
    var seen: Set<ObjectIdentifier> = []
    return state.variables.filter { variable in
      if !variable.slots.isEmpty { return true }
      guard let tensor = variable.value?.tensor else { return false }
      return tensor.elementType.isFloatingPoint && !TrainerGroups.isBuffer(variable.name)
        && seen.insert(ObjectIdentifier(tensor.source)).inserted
    }
  }
}
