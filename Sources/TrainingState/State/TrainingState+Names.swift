internal import OptimizerCore
internal import Tensors

extension TrainingState {
  /// Refuses a state in which one name stands for two things.
  ///
  /// A format's own rules seldom say that names differ: a dictionary that is flattened, an escape, an
  /// object graph can give two tensors one name, of which only one would reach the next file.
  ///
  /// - Throws: `StateError` with code `malformed` when two variables, two slots of one variable or two
  ///   extras have one name, or a variable is in the optimizer's groups twice; `unsupported` when two
  ///   optimizers claim one variable.
  public func checkNames() throws {
    var names: Set<ExactName> = []
    for variable in variables {
      guard names.insert(ExactName(variable.name)).inserted else {
        throw StateError(.malformed, "two variables have one name", tensor: variable.name)
      }
      if let slot = Self.repeatedSlot(of: variable) {
        throw StateError(
          .malformed,
          "two tensors are the variable's slot '\(slot)'",
          tensor: variable.name
        )
      }
    }
    var carried: Set<ExactName> = []
    for extra in extras where !carried.insert(ExactName(extra.name)).inserted {
      throw StateError(.malformed, "two extras have one name", tensor: extra.name)
    }
    try checkOptimizers()
    for record in [optimizer] + optimizers.map(\.record) { try Self.checkGroups(record) }
  }

  private static func repeatedSlot(of variable: Variable) -> SlotName? {
    let names = variable.slots.map(\.name)
    // Most variables have two or three, which are compared sooner than hashed.
    if names.count < 8 {
      return names.indices.first { place in
        names[..<place].contains { ExactName($0.rawValue) == ExactName(names[place].rawValue) }
      }.map { names[$0] }
    }
    var known: Set<ExactName> = []
    return names.first { !known.insert(ExactName($0.rawValue)).inserted }
  }

  private static func checkGroups(_ record: OptimizerRecord?) throws {
    var members: Set<ExactName> = []
    for name in record?.groups.lazy.flatMap(\.members) ?? []
    where !members.insert(ExactName(name)).inserted {
      throw StateError(
        .malformed,
        "the variable is in the optimizer's groups twice",
        tensor: name,
        expected: "one group at most"
      )
    }
  }
}
