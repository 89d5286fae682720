internal import ArgumentParser
internal import OptStateKit

/// The command `optstate kinds`.
struct KindsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kinds",
    abstract: "List the optimizers and schedules that are known, their slots, keys and defaults.",
    discussion: """
      A spec for --optimizer or --schedule is a kind and its keys: adamw:learning_rate=1e-4,weight_decay=0.01. An \
      optimizer that is in no entry is shown as unknown, never as the nearest one.
      """ + Optstate.examples("kinds", "kinds adamw")
  )

  @Argument(
    help: "One kind, for all that is known of it.",
    completion: .list(OptimizerCatalog.all.map(\.kind) + ScheduleKind.allCases.map(\.rawValue))
  )
  var name: String?

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var limitOptions: LimitOptions

  func run() throws {
    try Failure.reported(limitOptions) {
      let kinds = try Kinds(name)
      if json {
        try Output.json(kinds.json)
      } else if name == nil {
        try Output.lines(list(kinds))
      } else {
        try Output.lines(kinds.optimizers.flatMap(describe) + kinds.schedules.flatMap(describe))
      }
    }
  }

  private func list(_ kinds: Kinds) -> [String] {
    let optimizers = kinds.optimizers.map { kind in
      let isReplayed = !Kinds.keys(of: kind).isEmpty
      return "  " + pad(kind.kind, 28) + kind.summary + (isReplayed ? "" : "; not replayed")
    }
    let schedules = kinds.schedules.map { "  " + pad($0.rawValue, 28) + "\($0.example)" }
    return ["optimizers"] + optimizers + ["schedules"] + schedules
  }

  private func describe(_ kind: OptimizerDescription) -> [String] {
    var lines = ["\(kind.kind): \(kind.summary)"]
    lines.append(pad("bias correction", 17) + kind.biasCorrection.rawValue)
    if let name = kind.kerasClass { lines.append(pad("Keras", 17) + name) }
    lines += kind.slots.map { pad("slot", 17) + "\($0.name), \($0.presence)" }
    lines += kind.scalars.map { pad("scalar", 17) + "\($0.key), \($0.beginning) at the beginning" }
    for dialect in Dialect.allCases {
      let words = kind.words(in: dialect).map { "\($0.slot)=\($0.text)" }
      if !words.isEmpty { lines.append(pad(dialect.rawValue, 17) + words.joined(separator: ", ")) }
    }
    let keys = Kinds.keys(of: kind)
    guard let first = keys.first else { return lines + ["its updates are not computed here"] }
    lines.append("keys, and defaults by arithmetic where they differ")
    for key in first.keys {
      let values = keys.map { arithmetic, keys in
        (name: arithmetic.rawValue, value: text(keys.first { $0.name == key.name }))
      }
      let isOne = Set(values.map(\.value)).count == 1
      let all = values.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
      lines.append("  " + pad(key.name, 30) + (isOne ? values[0].value : all))
      if let setting = SettingDescription.of(key.name) {
        let domain = key.choices.isEmpty ? "\(setting.domain)" : key.choices.joined(separator: ", ")
        lines.append("  " + pad("", 30) + "\(domain): \(setting.meaning)")
      }
    }
    return lines
  }

  private func describe(_ kind: ScheduleKind) -> [String] {
    let said = kind.example.parameters
    return ["\(kind.rawValue), such as \(kind.example)"]
      + kind.keys.map { key in
        "  " + pad(key.name, 30) + (said[key.name] == nil ? text(key) : "has to be said")
      }
  }

  private func text(_ key: RecordKey?) -> String { key?.standard.map { "\($0)" } ?? "-" }

  private func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }
}
