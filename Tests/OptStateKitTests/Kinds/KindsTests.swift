import OptStateKit
import TestSupport
import Testing

/// The catalogue as it is printed.
@Suite("Kinds")
struct KindsTests {
  @Test
  func everyRuleIsAnEntryAndHasKeys() throws {
    let known = try Kinds().optimizers
    for rule in RuleKind.allCases {
      let entry = try #require(known.first { $0.kind == rule.rawValue }, "\(rule)")
      let keys = Kinds.keys(of: entry)
      #expect(!keys.isEmpty, "\(rule)")
      for (arithmetic, keys) in keys {
        #expect(keys.contains { $0.name == "learning_rate" }, "\(rule), \(arithmetic)")
        for key in keys {
          let setting = try #require(SettingDescription.of(key.name), "\(rule) has \(key.name)")
          if case .double(let number) = key.standard, let range = setting.range {
            #expect(range.contains(number), "\(rule): \(key.name)")
          }
        }
        // A record that says every default is a record.
        let values = keys.compactMap { key in key.standard.map { (key.name, $0) } }
        var record = OptimizerRecord(
          kind: rule.rawValue,
          hyperparameters: Dictionary(uniqueKeysWithValues: values)
        )
        record.hyperparameters["arithmetic"] = .string(arithmetic.rawValue)
        #expect(throws: Never.self) { try Optimizer(record) }
      }
    }
  }

  @Test
  func everyHyperparameterIsSomebodys() throws {
    let used = Set(
      try Kinds().optimizers.flatMap(Kinds.keys).flatMap(\.keys).map(\.name)
        + ["arithmetic", "library"]
    )
    let grouped = Set(
      (OptimizerCatalog.all.flatMap(\.settingRows).flatMap(\.words)
        + OptimizerCatalog.lookaheadWords).flatMap(\.settings)
    )
    for setting in SettingDescription.all {
      // What only Keras' and transformers' own Adafactor and groups have is recorded and not computed.
      let isRecorded =
        ["relative_step", "multiply_by_parameter_scale"].contains(setting.key)
        || grouped.contains(setting.key)
      #expect(used.contains(setting.key) || isRecorded, "\(setting.key)")
      for word in setting.kerasWords {
        #expect(SettingDescription.of(kerasWord: word.text)?.0 == setting)
      }
    }
  }

  @Test(arguments: ScheduleKind.allCases)
  func everyExampleIsASchedule(_ kind: ScheduleKind) throws {
    let schedule = try Schedule(kind.example)
    #expect(schedule.record.kind == kind.rawValue)
    let keys = Set(kind.keys.map(\.name))
    #expect(keys.isSuperset(of: schedule.record.parameters.keys))
  }

  @Test
  func unknownKindListsWhatThereIs() throws {
    let error = try #require(try stateError { _ = try Kinds("adamm") })
    #expect(error.code == .invalidArgument)
    for word in ["adamw", "hf_linear"] { #expect(error.description.contains(word)) }
  }
}
