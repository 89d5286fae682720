internal import ByteIO
internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors

/// How Keras and the hub spell one hyper-parameter.
struct HyperparameterKey {
  typealias Form = SettingDescription.KerasWord.Form

  let keras: String
  let hub: String
  let form: Form

  init(_ keras: String, _ hub: String, _ form: Form = .plain) {
    self.keras = keras
    self.hub = hub
    self.form = form
  }

  /// What is no hyper-parameter of the rule, or is told elsewhere.
  private static let others: Set = [
    "name", "jit_compile", "is_legacy_optimizer", "use_ema", "ema_overwrite_frequency", "decay",
    "decay_steps", "warmup_steps", "min_lr", "lr_schedule", "schedule_decay", "inner_optimizer",
    "initial_scale", "dynamic_growth_steps",
  ]

  /// The key behind a name of Keras, `nil` where it is none.
  static func keras(_ name: String) -> HyperparameterKey? {
    if others.contains(name) { return nil }
    guard let (setting, word) = SettingDescription.of(kerasWord: name) else {
      return HyperparameterKey(name, name)
    }
    return HyperparameterKey(word.text, setting.key, word.form)
  }

  /// The key behind the hub's name, as today's classes spell it.
  static func hub(_ name: String) -> HyperparameterKey {
    let word = SettingDescription.of(name)?.kerasWords.first { !$0.isOutdated }
    return word.map { HyperparameterKey($0.text, name, $0.form) } ?? HyperparameterKey(name, name)
  }

  /// The hub's value of Keras' one, `nil` where it says nothing.
  func value(_ json: JSONTree) -> AttributeValue? {
    switch json {
    case .bool(let flag):
      return form == .correction ? .string(flag ? "power" : "none") : .bool(flag)
    case .number(let spelling):
      guard let number = json.number else { return nil }
      if form == .negated { return .double(-number) }
      // Counts are whole numbers to the hub.
      if isCount, let count = Int64(exactly: number) { return .int(count) }
      return Int64(spelling).map { keepsIntegers ? .int($0) : .double(number) } ?? .double(number)
    case .string: return json.text.map(AttributeValue.string)
    case .array(let elements):
      if elements.isEmpty { return nil }
      let texts = elements.compactMap(\.text)
      if texts.count == elements.count { return .strings(texts) }
      let numbers = elements.compactMap(\.number)
      return numbers.count == elements.count ? .doubles(numbers) : nil
    case .null, .object: return nil
    }
  }

  private var isCount: Bool { hub.hasSuffix("_steps") }

  private var keepsIntegers: Bool { hub.hasPrefix("min_dim") || hub.hasPrefix("ns_steps") }

  /// Keras' value of the hub's one.
  func json(_ value: AttributeValue?) -> JSONTree {
    switch (form, value) {
    case (_, nil): return .null
    case (.correction, .string(let word)): return .bool(word != "none")
    case (.negated, let value?) where value.number != nil:
      return JSONTree(number: -(value.number ?? 0))
    case (_, .bool(let flag)): return .bool(flag)
    case (_, .int(let number)):
      // Keras takes no whole number for a rate.
      return isCount || keepsIntegers ? .number("\(number)") : JSONTree(number: Double(number))
    case (_, .double(let number)): return JSONTree(number: number)
    case (_, .string(let text)): return JSONTree(text: text)
    case (_, .doubles(let numbers)): return .array(numbers.map { JSONTree(number: $0) })
    case (_, .strings(let texts)): return .array(texts.map { JSONTree(text: $0) })
    }
  }
}
