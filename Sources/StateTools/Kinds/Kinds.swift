public import ByteIO
public import OptimizerCatalog
public import OptimizerCore
internal import Tensors

/// The catalogue as `optstate kinds` prints it: optimizers, schedules, their keys and defaults.
public struct Kinds: Sendable {
  /// The optimizers, in alphabetical order.
  public let optimizers: [OptimizerDescription]

  /// The schedules, in the order of `ScheduleKind`.
  public let schedules: [ScheduleKind]

  /// Looks kinds up.
  ///
  /// - Parameter name: One kind, `nil` for all.
  /// - Throws: `StateError` with code `invalidArgument` when there is no such kind; the message lists what there is.
  public init(_ name: String? = nil) throws {
    let all = OptimizerCatalog.all.sorted { $0.kind < $1.kind }
    optimizers = all.filter { name == nil || $0.kind == name }
    schedules = ScheduleKind.allCases.filter { name == nil || $0.rawValue == name }
    guard !optimizers.isEmpty || !schedules.isEmpty else {
      throw StateError(
        .invalidArgument,
        "there is no optimizer and no schedule '\(name ?? "")'",
        expected: "one of "
          + (all.map(\.kind) + ScheduleKind.allCases.map(\.rawValue)).joined(separator: ", ")
      )
    }
  }

  /// The keys of an optimizer's records and their defaults.
  ///
  /// - Parameter optimizer: The optimizer.
  /// - Returns: The keys by the arithmetics that have the rule; empty where this library does not compute it.
  public static func keys(
    of optimizer: OptimizerDescription
  ) -> [(arithmetic: Arithmetic, keys: [RecordKey])] {
    guard let rule = RuleKind(rawValue: optimizer.kind) else { return [] }
    return Arithmetic.allCases.compactMap { arithmetic in
      rule.keys(in: arithmetic).map { (arithmetic, $0) }
    }
  }

  /// `optimizers` [{`kind`, `summary`, `replays`, `bias_correction`, `keras_class`, `slots` [{`name`, `shape`,
  /// `present`}], `words` {dialect: {slot: word}}, `groups` {dialect: [{`word`, `keys`, `default`, `negated`}]}, `keys` {arithmetic:
  /// {key: default}}}] and `schedules`
  /// [{`kind`, `example`, `keys` {key: default}}] and `settings` {key: {`values`, `meaning`}} of the optimizers' keys.
  public var json: JSONValue {
    .object([
      "optimizers": .array(optimizers.map(Self.json)),
      "schedules": .array(
        schedules.map { kind in
          .object([
            "kind": .string(kind.rawValue), "example": .string("\(kind.example)"),
            "keys": Self.json(kind.keys),
          ])
        }
      ),
      "settings": Self.object(
        settings.map { setting in
          let values: JSONValue = .string("\(setting.domain)")
          return (setting.key, .object(["values": values, "meaning": .string(setting.meaning)]))
        }
      ),
    ])
  }

  /// The hyper-parameters of the optimizers, in alphabetical order.
  private var settings: [SettingDescription] {
    let keys = Set(optimizers.flatMap(Self.keys).flatMap(\.keys).map(\.name))
    return keys.sorted().compactMap(SettingDescription.of)
  }

  private static func json(_ optimizer: OptimizerDescription) -> JSONValue {
    let keys = keys(of: optimizer)
    let slots = optimizer.slots.map { slot in
      JSONValue.object([
        "name": .string(slot.name.rawValue),
        "shape": SlotDescription.of(slot.name).map { .string($0.form.rawValue) } ?? .null,
        "present": .string("\(slot.presence)"),
      ])
    }
    let words = Dialect.allCases.map { dialect in
      (dialect.rawValue, optimizer.words(in: dialect).map { ($0.slot.rawValue, $0.text) })
    }
    return .object([
      "kind": .string(optimizer.kind), "summary": .string(optimizer.summary),
      "replays": .bool(!keys.isEmpty),
      "bias_correction": .string(optimizer.biasCorrection.rawValue),
      "keras_class": optimizer.kerasClass.map { .string($0) } ?? .null,
      "slots": .array(slots),
      "scalars": object(
        optimizer.scalars.map { ($0.key, .object(["beginning": .string("\($0.beginning)")])) }
      ),
      "words": object(
        words.filter { !$0.1.isEmpty }.map { dialect, row in
          (dialect, object(row.map { ($0, .string($1)) }))
        }
      ),
      "groups": object(optimizer.settingRows.map { ($0.dialect.rawValue, json($0)) }),
      "keys": object(keys.map { ($0.rawValue, json($1)) }),
    ])
  }

  private static func json(_ row: SettingRow) -> JSONValue {
    .array(
      row.words.map { word in
        .object([
          "word": .string(word.text), "keys": .array(word.settings.map { .string($0) }),
          "default": json(word.standard), "negated": .bool(word.isNegated),
        ])
      }
    )
  }

  private static func json(_ standard: SettingWord.Standard) -> JSONValue {
    switch standard {
    case .none: .null
    case .flag(let flag): .bool(flag)
    case .word(let text): .string(text)
    case .number(let number): .double(number)
    case .numbers(let numbers): .array(numbers.map { $0.map { .double($0) } ?? .null })
    }
  }

  private static func json(_ keys: [RecordKey]) -> JSONValue {
    object(keys.map { ($0.name, $0.standard.map { .string("\($0)") } ?? .null) })
  }

  private static func object(_ members: [(String, JSONValue)]) -> JSONValue {
    .object(JSONObject(Dictionary(uniqueKeysWithValues: members)))
  }
}
