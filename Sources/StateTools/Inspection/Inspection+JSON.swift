public import ByteIO
internal import OptimizerCore
internal import Tensors
internal import TrainingState

extension Inspection {
  /// The report as `inspect --json` prints it.
  ///
  /// - Parameter withVariables: Whether each variable is listed.
  /// - Returns: The report.
  public func json(withVariables: Bool) -> JSONValue {
    let totals: JSONObject = [
      "variables": .int(Int64(state.variables.count)),
      "parameters": .int(Int64(parameterCount)),
      "bytes": .int(Int64(byteCount)),
      "slots": .object(counts(slotCounts.map { ($0.rawValue, $1) })),
      "dtypes": .object(counts(typeCounts.map { ($0.rawValue, $1) })),
    ]
    var report: JSONObject = [
      "format": .string(format),
      "naming": JSONValue(state.naming),
      "source_format": .string(state.origin.format),
      "global_step": JSONValue(state.globalStep?.value),
      "optimizer": state.optimizer.map(Self.describe) ?? .null,
      "schedule": state.schedule.map { Self.describe($0, rate: learningRate) } ?? .null,
      "unread_schedule": JSONValue(state.unreadSchedule),
      "suspicions": .array(suspicions.map(JSONValue.string)),
      "totals": .object(totals),
      "account": account,
      "not_read": JSONValue(state.fault.map { "\($0)" }),
    ]
    let candidates = state.optimizerCandidates
    if !candidates.isEmpty {
      report["optimizer_candidates"] = .array(candidates.map(JSONValue.string))
    }
    if !state.optimizers.isEmpty { report["optimizers"] = .array(optimizers.map(describe)) }
    if withVariables { report["variables"] = .array(state.variables.map(describe)) }
    return .object(report)
  }

  /// Every column, `unrecognized` with the names of its members.
  private var account: JSONValue {
    let account = state.account
    var columns = JSONObject()
    for column in Account.Column.allCases {
      let total = account.totals[column] ?? (0, 0)
      var object: JSONObject = [
        "count": .int(Int64(total.count)), "bytes": .int(Int64(total.bytes)),
      ]
      if column == .unrecognized {
        object["names"] = .array(account.unrecognized.map(JSONValue.string))
      }
      columns[column.rawValue] = .object(object)
    }
    return .object(columns)
  }

  private func counts(_ counts: [(name: String, count: Int)]) -> JSONObject {
    var object = JSONObject()
    for (name, count) in counts { object[name] = .int(Int64(count)) }
    return object
  }

  private func describe(_ summary: OptimizerSummary) -> JSONValue {
    .object([
      "name": .string(summary.name),
      "kind": JSONValue(summary.record?.kind),
      "step": JSONValue(summary.step),
      "variables": .int(Int64(summary.variables)),
      "slots": .object(counts(summary.slots.map { ($0.rawValue, $1) })),
      "optimizer": summary.record.map(Self.describe) ?? .null,
      "schedule": summary.schedule.map { Self.describe($0, rate: summary.learningRate) } ?? .null,
    ])
  }

  private static func describe(_ record: OptimizerRecord) -> JSONValue {
    .object([
      "kind": .string(record.kind),
      "hyperparameters": .object(JSONObject(record.hyperparameters.mapValues(JSONValue.init))),
      "groups": .array(
        record.groups.map { group in
          var object: JSONObject = ["name": JSONValue(group.name)]
          object["kind"] = group.kind.map(JSONValue.string)
          object["overrides"] = .object(JSONObject(group.overrides.mapValues(JSONValue.init)))
          object["members"] = .array(group.members.map(JSONValue.string))
          return .object(object)
        }
      ),
    ])
  }

  private static func describe(_ record: ScheduleRecord, rate: Double?) -> JSONValue {
    .object([
      "kind": .string(record.kind),
      "parameters": .object(JSONObject(record.parameters.mapValues(JSONValue.init))),
      "learning_rate": JSONValue(rate),
    ])
  }

  private func describe(_ variable: Variable) -> JSONValue {
    var report = describe(variable.value?.tensor, statistics[ExactName(variable.name)])
    report["name"] = .string(variable.name)
    report["step"] = JSONValue(variable.step)
    var slots = JSONObject()
    for slot in variable.slots where slots[slot.name.rawValue] == nil {
      let statistics = statistics[ExactName("\(variable.name)/\(slot.name)")]
      slots[slot.name.rawValue] = .object(describe(slot.tensor.tensor, statistics))
    }
    report["slots"] = .object(slots)
    return .object(report)
  }

  private func describe(
    _ tensor: Tensor?,
    _ statistics: TensorStatistics?
  ) -> JSONObject {
    var report: JSONObject = [
      "shape": tensor.map { JSONValue($0.shape.dimensions) } ?? .null,
      "dtype": JSONValue(tensor?.elementType.rawValue),
    ]
    if let quantization = tensor?.quantization {
      report["quantized"] = .object([
        "codes": .string(quantization.codes.elementType.rawValue),
        "block": .int(Int64(quantization.blockSize)),
      ])
    }
    if let statistics { report["stats"] = statistics.json }
    return report
  }
}
