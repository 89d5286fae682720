internal import PyTorchCheckpoint
internal import Tensors
internal import TrainingState

/// One of the models of an accelerate directory.
///
/// accelerate saves as many models as a run prepared, and says of none what it is: of several each one's variables have
/// the stem of its file in front, `model.` and `model_1.`.
struct AccelerateModel {
  /// What the names of its variables begin with in the state, empty where there is one model.
  let front: String

  /// Whether its variables stand in the model's order.
  let isOrdered: Bool

  /// What stands in front of the names of one of several models.
  static func front(_ number: Int) -> String { number == 0 ? "model." : "model_\(number)." }

  /// Its parameters among those of the state, in the state's order.
  func candidates(_ all: [ParameterOrder.Candidate]) -> [ParameterOrder.Candidate] {
    front.isEmpty ? all : all.filter { $0.name.utf8.starts(with: front.utf8) }
  }

  /// The orders in which it may have its parameters, none where nothing is known of them.
  func orders(_ all: [ParameterOrder.Candidate]) -> [[ParameterOrder.Candidate]] {
    let own = candidates(all)
    if isOrdered { return [own] }
    let bare = own.map { (name: String($0.name.dropFirst(front.count)), shape: $0.shape) }
    return ModelOrder.orders(of: bare, kind: nil).map { order in
      order.map { .init(name: front + $0.name, shape: $0.shape, called: $0.called) }
    }
  }

  /// The models of a state that is to be written, each with the names that it has itself, and what somebody who resumes
  /// must know of them.
  ///
  /// What the names tell apart are the models of such a directory, and those of which each optimizer has one.
  ///
  /// - Parameter state: The state.
  /// - Returns: One state for each model.
  static func parts(of state: TrainingState) -> (states: [TrainingState], note: String?) {
    let names = state.variables.filter { $0.value != nil }.map(\.name)
    let fronts = (0..<names.count).lazy.map(front)
    let own = Array(fronts.prefix { front in names.contains { $0.utf8.starts(with: front.utf8) } })
    let isWhole = names.allSatisfy { name in own.contains { name.utf8.starts(with: $0.utf8) } }
    if own.count > 1, isWhole { return (own.map { split(state, $0) }, nil) }
    guard let parts = owned(state, names) else { return ([state], nil) }
    let list = parts.map { "'\($0.dropLast())'" }.joined(separator: ", ")
    return (
      parts.map { split(state, $0) },
      "the models are \(list): the run that goes on has to prepare them in this order, and their optimizers in theirs"
    )
  }

  /// The first parts of names, where each optimizer has the variables of one part and there are no others.
  private static func owned(_ state: TrainingState, _ names: [String]) -> [String]? {
    guard state.optimizers.count > 1 else { return nil }
    func part(_ name: String) -> String? {
      name.firstIndex(of: ".").map { String(name[...$0]) }
    }
    var parts: [String] = []
    for optimizer in state.optimizers {
      let own = Set(optimizer.members.map { ExactName(part($0) ?? "") })
      guard let only = own.first?.text, own.count == 1, !only.isEmpty, !parts.contains(only) else {
        return nil
      }
      parts.append(only)
    }
    let known = Set(parts.map { ExactName($0) })
    return names.allSatisfy { known.contains(ExactName(part($0) ?? "")) } ? parts : nil
  }

  private static func split(_ state: TrainingState, _ front: String) -> TrainingState {
    var copy = state
    copy.variables = state.variables.filter { $0.name.utf8.starts(with: front.utf8) }.map {
      Variable(
        String($0.name.dropFirst(front.count)),
        value: $0.value,
        slots: $0.slots,
        step: $0.step
      )
    }
    return copy
  }
}
