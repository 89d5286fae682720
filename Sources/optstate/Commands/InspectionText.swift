internal import OptStateKit

/// An inspection as a person reads it.
struct InspectionText {
  private let inspection: Inspection
  private let withVariables: Bool

  init(_ inspection: Inspection, withVariables: Bool) {
    self.inspection = inspection
    self.withVariables = withVariables
  }

  var lines: [String] {
    summary + (withVariables ? [""] + variables : [])
  }

  private var summary: [String] {
    let state = inspection.state
    var rows: [(String, String)] = [
      ("format", format),
      ("naming", state.naming ?? "none that is known"),
      ("global step", state.globalStep.map { String($0.value) } ?? "not in the file"),
      ("variables", "\(state.variables.count)"),
      ("parameters", "\(Units.count(inspection.parameterCount)) (\(inspection.parameterCount))"),
      ("bytes", "\(Units.bytes(inspection.byteCount)) (\(inspection.byteCount))"),
      ("slots", slots),
      ("element types", types),
    ]
    if !state.optimizerTensors.isEmpty {
      rows.append(("also", Self.list(state.optimizerTensors.map(\.name))))
    }
    if !state.extras.isEmpty {
      let carried = state.extras.map { $0.name + ($0.foreignKind.map { " (\($0))" } ?? "") }
      rows.append(("carried along", Self.list(carried)))
    }
    let account = state.account
    if let columns = Self.columns(of: account) { rows.append(("account", columns)) }
    if let fault = state.fault { rows.append(("not read", "\(fault)")) }
    let unrecognized = account.unrecognized
    if !unrecognized.isEmpty {
      rows.append(("unrecognized", Self.list(unrecognized, atMost: 5)))
    }
    if state.optimizers.isEmpty || state.chosenOptimizer != nil {
      let chosen = state.chosenOptimizer.map { "\($0): " } ?? ""
      let candidates = state.optimizerCandidates.joined(separator: ", ")
      let unsure =
        candidates.isEmpty
        ? "not in the file" : "not certain, could be \(candidates): --optimizer says which"
      rows.append(("optimizer", chosen + (state.optimizer?.description ?? unsure)))
      let unread = state.unreadSchedule.map { "not read: \($0)" }
      rows.append(("schedule", state.schedule?.description ?? unread ?? "not in the file"))
    } else {
      rows += inspection.optimizers.map { ("optimizer", Self.line($0)) }
    }
    var lines = rows.map { Self.padded($0.0, 14) + $0.1 }
    let suspicions = inspection.suspicions
    for suspicion in suspicions.prefix(5) {
      lines.append(Self.padded("suspicious", 14) + suspicion)
    }
    if suspicions.count > 5 {
      lines.append(Self.padded("", 14) + "and \(suspicions.count - 5) more")
    }
    return lines
  }

  private static func line(_ optimizer: OptimizerSummary) -> String {
    let slots = optimizer.slots.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    let parts: [String?] = [
      optimizer.record?.description ?? "kind not in the file",
      "step " + (optimizer.step.map(String.init) ?? "not in the file"),
      "\(optimizer.variables) variables",
      slots.isEmpty ? "no slots" : slots.joined(separator: ", "),
      optimizer.schedule?.description,
    ]
    return "\(optimizer.name): " + parts.compactMap(\.self).joined(separator: "; ")
  }

  /// Names side by side, of many the first, and of long ones the beginning.
  private static func list(_ names: [String], atMost count: Int = 40) -> String {
    let shown = names.prefix(count).map { $0.shortened(to: 200) }
    let more = names.count > count ? " and \(names.count - count) more" : ""
    return shown.joined(separator: ", ") + more
  }

  /// How many there are of what, `nil` where nothing is remarkable: parameters, their slots, a step, the records.
  private static func columns(of account: Account) -> String? {
    let usual: Set<Account.Column> = [.parameter, .slot, .step, .record, .schedule]
    let found = Account.Column.allCases.compactMap { column in
      account.totals[column].map { (column, $0) }
    }
    guard found.contains(where: { !usual.contains($0.0) }) else { return nil }
    return found.map { column, total in
      let word = column.rawValue.split(separator: "_").joined(separator: " ")
      return "\(word) \(total.count) (\(Units.bytes(total.bytes)))"
    }
    .joined(separator: ", ")
  }

  private var format: String {
    let source = inspection.state.origin.format
    return source == inspection.format ? source : "\(inspection.format) (from \(source))"
  }

  private var slots: String {
    let counts = inspection.slotCounts.sorted { $0.key < $1.key }
    if counts.isEmpty { return "none" }
    let total = inspection.state.variables.count
    return counts.map { "\($0.key) \($0.value)/\(total)" }.joined(separator: ", ")
  }

  private var types: String {
    inspection.typeCounts.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }
      .map { "\($0.key.rawValue) \($0.value)" }.joined(separator: ", ")
  }

  private var variables: [String] {
    inspection.state.variables.flatMap { variable -> [String] in
      var lines: [String] = []
      if let tensor = variable.value?.tensor {
        lines += self.lines(
          variable.name,
          "\(tensor.elementType.rawValue)\(tensor.shape)",
          variable.name
        )
      } else {
        lines.append(variable.name + "  (slots only)")
      }
      for slot in variable.slots {
        let tensor = slot.tensor.tensor
        lines += self.lines(
          "  \(slot.name)",
          "\(tensor.elementType.rawValue)\(tensor.shape)"
            + (tensor.quantization == nil ? "" : "  (kept in 8 bits)"),
          "\(variable.name)/\(slot.name)"
        )
      }
      return lines
    }
  }

  private func lines(_ label: String, _ type: String, _ key: String) -> [String] {
    let head = "\(label)  \(type)"
    guard let numbers = inspection.statistics[ExactName(key)] else { return [head] }
    var text = "min \(Units.number(numbers.min))  max \(Units.number(numbers.max))"
    text += "  mean \(Units.number(numbers.mean))  rms \(Units.number(numbers.rms))"
    text += "  norm \(Units.number(numbers.norm))  zeros \(numbers.zeros)"
    if numbers.nan > 0 { text += "  NaN \(numbers.nan)" }
    if numbers.inf > 0 { text += "  infinite \(numbers.inf)" }
    return [head, "      " + text]
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }
}
