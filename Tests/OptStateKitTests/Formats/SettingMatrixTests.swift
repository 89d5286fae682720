import OptStateKit
import OptimizerCatalog
import Testing

/// Every hyper-parameter of every optimizer, at a value that is nobody's default, through every format that is written:
/// it comes back, or was refused, or a note names it.
///
/// A new hyper-parameter or entry needs no line here.
@Suite("Hyper-parameters by formats")
struct SettingMatrixTests {
  /// A key of records.
  private struct Key {
    let name: String
    var standard: HyperparameterValue?
    var choices: [String]

    init(name: String, standard: HyperparameterValue?, choices: [String]) {
      self.name = name
      self.standard = standard
      self.choices = choices
    }

    init(_ key: RecordKey) {
      self.init(name: key.name, standard: key.standard, choices: key.choices)
    }
  }

  /// The keys of an optimizer's records: its rule's, and those that a framework keeps.
  private static func keys(of known: OptimizerDescription) -> [Key] {
    var keys: [String: Key] = [:]
    for key in Kinds.keys(of: known).flatMap(\.keys) {
      keys[key.name] = keys[key.name] ?? Key(key)
    }
    // A record that is replayed has the rule's keys and no others.
    if !keys.isEmpty { return keys.values.sorted { $0.name < $1.name } }
    for name in known.settingRows.flatMap(\.words).flatMap(\.settings) where keys[name] == nil {
      keys[name] = Key(name: name, standard: nil, choices: ["original"])
    }
    return keys.values.sorted { $0.name < $1.name }
  }

  /// Values that differ from the default, the likely first, and the default where a rule takes no other.
  private static func candidates(_ key: Key) -> [HyperparameterValue] {
    let all: [HyperparameterValue]
    switch SettingDescription.of(key.name)?.domain {
    case .number: all = [0.8125, 0.5, 0.25, 2, -0.5, 0].map { .double($0) }
    case .count(let least): all = [3, 2, 1, 0].filter { $0 >= least }.map { .int($0) }
    case .flag: all = [.bool(true), .bool(false)]
    case .choice: all = key.choices.map { .string($0) }
    case .words: all = [.strings(["bias"])]
    case .numbers: all = [.doubles([1, -2, 0.5])]
    case nil: all = []
    }
    return all.filter { $0 != key.standard } + all.filter { $0 == key.standard }
  }

  /// What a hyper-parameter means nothing without.
  private static func companions(of key: String) -> [String: HyperparameterValue] {
    switch key {
    case "lookahead_steps": ["lookahead_rate": .double(0.5)]
    case "lookahead_rate": ["lookahead_steps": .int(5)]
    case "dampening": ["momentum": .double(0.875)]
    case "nesterov", "buffer": ["momentum": .double(0.875)]
    default: [:]
    }
  }

  static let subjects: [FormatMatrix.Subject] = OptimizerCatalog.all.flatMap { known in
    keys(of: known).compactMap { subject(known, $0) }
  }

  /// The optimizer with one hyper-parameter, in the arithmetic that has it.
  private static func subject(
    _ known: OptimizerDescription,
    _ key: Key
  ) -> FormatMatrix.Subject? {
    var values = companions(of: key.name)
    values["learning_rate"] = .double(0.125)
    for arithmetic in [nil] + Arithmetic.allCases.map({ Optional($0) }) {
      values["arithmetic"] = arithmetic.map { .string($0.rawValue) }
      for value in candidates(key) {
        values[key.name] = value
        let record = OptimizerRecord(kind: known.kind, hyperparameters: values)
        if RuleKind(rawValue: known.kind) != nil, (try? Optimizer(record)) == nil { continue }
        return FormatMatrix.Subject(kind: known.kind, values: values, slots: slots(known, values))
      }
    }
    return nil
  }

  private static func slots(
    _ known: OptimizerDescription,
    _ values: [String: HyperparameterValue]
  ) -> Set<SlotName> {
    var slots = Set(known.slots.filter { $0.presence == .always }.map(\.name))
    for (key, value) in values where value.number ?? 0 != 0 || value == .bool(true) {
      slots.formUnion(known.slots(with: key))
    }
    if values["ema_decay"] != nil { slots.insert(.average) }
    if values["lookahead_steps"] != nil { slots.insert(.slowWeights) }
    if values["accumulation_steps"] != nil { slots.insert(.gradientAccumulator) }
    return slots
  }

  @Test
  func everyKeyIsInTheMatrix() {
    for known in OptimizerCatalog.all {
      let tried = Set(Self.subjects.filter { $0.kind == known.kind }.flatMap(\.values.keys))
      for key in Self.keys(of: known) {
        #expect(tried.contains(key.name), "no value of \(known.kind)'s \(key.name) was found")
      }
    }
  }

  @Test
  func whatIsWrittenComesBackOrIsSaid() async throws {
    try await FormatMatrix.run(Self.subjects, "hyper-parameters")
  }
}
