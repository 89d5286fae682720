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
      var slots: Set<ExactName> = []
      for slot in variable.slots where !slots.insert(ExactName(slot.name.rawValue)).inserted {
        throw StateError(
          .malformed,
          "two tensors are the variable's slot '\(slot.name)'",
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
