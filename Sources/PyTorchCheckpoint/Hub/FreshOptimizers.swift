internal import Tensors
internal import TorchContainer
internal import TrainingState

/// The dictionaries of several optimizers and their schedulers, made for a state that came from elsewhere.
struct FreshOptimizers {
  /// What stands at the root beside the model.
  let parts: [(String, PickleValue)]

  /// The tensors of all of them.
  let tensors: [StoragePlan.Node]

  /// The names of their parameters, those of one after another.
  let names: [String]

  init(
    _ state: TrainingState,
    _ nodes: TorchNodes,
    _ note: ((String) -> Void)?
  ) throws {
    let variables = Dictionary(state.variables.map { (ExactName($0.name), $0) }) { first, _ in
      first
    }
    var made: [(name: String, dictionary: FreshOptimizer)] = []
    for optimizer in state.optimizers {
      let own = try state.choosing(optimizer.name).withoutOthers
      let dictionary = try FreshOptimizer(
        own,
        parameters: optimizer.members.compactMap { variables[ExactName($0)] },
        nodes: nodes,
        asTrainer: false,
        note: note.map { note in { note("\(optimizer.name): \($0)") } }
      )
      made.append((optimizer.name, dictionary))
    }
    tensors = made.flatMap(\.dictionary.tensors)
    names = made.flatMap(\.dictionary.names)
    let schedulers = made.compactMap(\.dictionary.scheduler)
    if let list = Self.list(made.map(\.name)) {
      var parts = [(list, PickleValue.list(made.map(\.dictionary.value)))]
      // A list that leaves one out would give the others another's.
      if schedulers.count == made.count { parts.append(("lr_schedulers", .list(schedulers))) }
      self.parts = parts
    } else {
      parts =
        made.map { ($0.name, $0.dictionary.value) }
        + made.compactMap { name, dictionary in
          dictionary.scheduler.map { (Self.scheduler(of: name), $0) }
        }
    }
  }

  /// The key of the list that optimizers of these names are in, `nil` where they are in none.
  private static func list(_ names: [String]) -> String? {
    let lists = names.enumerated().map { place, name -> String? in
      let end = "/\(place)"
      return name.hasSuffix(end) ? String(name.dropLast(end.count)) : nil
    }
    guard let list = lists.first ?? nil, lists.allSatisfy({ $0 == list }) else { return nil }
    return list
  }

  /// The key of the scheduler that goes with an optimizer.
  private static func scheduler(of name: String) -> String {
    for word in TorchSurvey.optimizerWords where name.contains(word) {
      return name.replacing(word, with: "scheduler", maxReplacements: 1)
    }
    return "scheduler_" + name
  }
}
