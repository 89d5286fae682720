import OptStateKit
import OptimizerCatalog
import Testing

/// Every optimizer of the catalogue, with and without each of its options, through every format
/// that is written: what comes back is the same, or was refused, or a note says what the format
/// does not hold.
///
/// A new entry needs no line here.
@Suite("Optimizers by formats")
struct SlotMatrixTests {
  static let subjects: [FormatMatrix.Subject] = OptimizerCatalog.all.flatMap {
    known -> [FormatMatrix.Subject] in
    let always = known.slots.filter { $0.presence == .always }.map(\.name)
    let optional = known.slots.filter { $0.presence != .always }
    let wrappers: [(setting: String, slot: SlotName)] = [
      ("ema_decay", .average), ("lookahead_steps", .slowWeights),
      ("accumulation_steps", .gradientAccumulator),
    ]
    let plain = (0..<1 << optional.count).map { mask -> FormatMatrix.Subject in
      let chosen = optional.indices.filter { mask & 1 << $0 != 0 }.map { optional[$0] }
      let settings = chosen.compactMap { slot -> String? in
        if case .setting(let setting) = slot.presence { setting } else { nil }
      }
      return subject(known.kind, settings, always + chosen.map(\.name))
    }
    return plain
      + wrappers.map { setting, slot in
        subject(known.kind, [setting], always + [slot])
      }
  }

  private static func subject(_ kind: String, _ settings: [String], _ slots: [SlotName])
    -> FormatMatrix.Subject
  {
    var values: [String: HyperparameterValue] = ["learning_rate": .double(0.125)]
    for setting in settings {
      switch SettingDescription.of(setting)?.domain {
      case .flag: values[setting] = .bool(true)
      case .count: values[setting] = .int(5)
      default: values[setting] = .double(0.875)
      }
    }
    if settings == ["lookahead_steps"] { values["lookahead_rate"] = .double(0.5) }
    return FormatMatrix.Subject(kind: kind, values: values, slots: Set(slots))
  }

  @Test
  func whatIsWrittenComesBackOrIsSaid() async throws {
    try await FormatMatrix.run(Self.subjects, "optimizers")
  }
}
