internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// What stands before all names of one state and before none of another: a wrapper's `module.`, a model's scope.
public struct CommonPrefix: Sendable, Hashable {
  /// What stands there.
  public let text: String

  /// Whether the first state's names begin with it, else the second's.
  public let isOfFirst: Bool

  /// Finds what stands before all names of one list and makes the others of them.
  ///
  /// There is none where any name is in both lists, or where a name of the shorter list has no counterpart.
  ///
  /// - Complexity: O(total length of the names).
  init?(_ first: [String], _ second: [String]) {
    guard let one = first.first, let other = second.first else { return nil }
    guard Set(first.map(ExactName.init)).isDisjoint(with: second.map(ExactName.init)) else {
      return nil
    }
    func found(_ long: [String], _ short: [String], _ name: String) -> String? {
      let known = Set(long.map(ExactName.init))
      // All names begin with it, so the first one does.
      for (place, character) in zip(long[0].indices, long[0]) where "./".contains(character) {
        let prefix = String(long[0][...place])
        guard known.contains(ExactName(prefix + name)) else { continue }
        if long.allSatisfy({ $0.hasPrefix(prefix) }),
          short.allSatisfy({ known.contains(ExactName(prefix + $0)) })
        {
          return prefix
        }
      }
      return nil
    }
    if let prefix = found(first, second, other) {
      (text, isOfFirst) = (prefix, true)
    } else if let prefix = found(second, first, one) {
      (text, isOfFirst) = (prefix, false)
    } else {
      return nil
    }
  }

  /// Takes it from the names of a state's variables.
  func remove(from state: inout TrainingState) {
    for place in state.variables.indices { state.variables[place].name.removeFirst(text.count) }
    for group in state.optimizer?.groups.indices ?? 0..<0 {
      for member in state.optimizer?.groups[group].members.indices ?? 0..<0
      where state.optimizer?.groups[group].members[member].hasPrefix(text) == true {
        state.optimizer?.groups[group].members[member].removeFirst(text.count)
      }
    }
  }
}
