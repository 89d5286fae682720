internal import OptimizerCore
internal import Tensors
internal import TrainingState

extension Inspection {
  /// The report as `inspect --json` prints it.
  ///
  /// - Parameter withVariables: Whether each variable is listed.
  /// - Returns: The report.
  public func json(withVariables: Bool) -> JSONValue {
    let slots = slotCounts.map { ($0.rawValue, JSONValue.int(Int64($1))) }
    let types = typeCounts.map { ($0.rawValue, JSONValue.int(Int64($1))) }
    let totals: [String: JSONValue] = [
      "variables": .int(Int64(state.variables.count)),
      "parameters": .int(Int64(parameterCount)),
      "bytes": .int(Int64(byteCount)),
      "slots": .object(Dictionary(uniqueKeysWithValues: slots)),
      "dtypes": .object(Dictionary(uniqueKeysWithValues: types)),
    ]
    var report: [String: JSONValue] = [
      "format": .string(format),
      "naming": JSONValue(state.naming),
      "source_format": .string(state.sourceFormat),
      "global_step": JSONValue(state.globalStep?.value),
      "optimizer": optimizer,
      "schedule": schedule,
      "suspicions": .array(suspicions.map(JSONValue.string)),
      "totals": .object(totals),
    ]
    if withVariables { report["variables"] = .array(state.variables.map(describe)) }
    return .object(report)
  }

  private var optimizer: JSONValue {
    guard let record = state.optimizer else { return .null }
    return .object([
      "kind": .string(record.kind),
      "hyperparameters": .object(record.hyperparameters.mapValues(JSONValue.init)),
      "groups": .array(
        record.groups.map { group in
          .object([
            "name": JSONValue(group.name),
            "overrides": .object(group.overrides.mapValues(JSONValue.init)),
            "members": .array(group.members.map(JSONValue.string)),
          ])
        }
      ),
    ])
  }

  private var schedule: JSONValue {
    guard let record = state.schedule else { return .null }
    return .object([
      "kind": .string(record.kind),
      "parameters": .object(record.parameters.mapValues(JSONValue.init)),
      "learning_rate": JSONValue(learningRate),
    ])
  }

  private func describe(_ variable: Variable) -> JSONValue {
    var report = describe(variable.value?.tensor, statistics[ExactName(variable.name)])
    report["name"] = .string(variable.name)
    report["step"] = JSONValue(variable.step)
    report["slots"] = .object(
      Dictionary(
        variable.slots.map { slot in
          let statistics = statistics[ExactName("\(variable.name)/\(slot.name)")]
          return (slot.name.rawValue, .object(describe(slot.tensor.tensor, statistics)))
        },
        uniquingKeysWith: { first, _ in first }
      )
    )
    return .object(report)
  }

  private func describe(
    _ tensor: Tensor?,
    _ statistics: TensorStatistics?
  ) -> [String: JSONValue] {
    var report: [String: JSONValue] = [
      "shape": tensor.map { JSONValue($0.shape.dimensions) } ?? .null,
      "dtype": JSONValue(tensor?.elementType.rawValue),
    ]
    if let statistics { report["stats"] = statistics.json }
    return report
  }
}
