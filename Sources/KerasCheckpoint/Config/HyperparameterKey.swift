internal import OptimizerCore
internal import Tensors

/// How Keras and the hub spell one hyper-parameter.
struct HyperparameterKey {
  /// How a value changes on the way.
  enum Form {
    case plain
    /// Keras has the negative.
    case negated
    /// Keras has a truth value, the hub where the powers come from.
    case correction
  }

  let keras: String
  let hub: String
  let form: Form

  init(_ keras: String, _ hub: String, _ form: Form = .plain) {
    self.keras = keras
    self.hub = hub
    self.form = form
  }

  /// Those whose spelling differs.
  private static let renamed = [
    HyperparameterKey("lr", "learning_rate"), HyperparameterKey("beta_1", "beta1"),
    HyperparameterKey("beta_2", "beta2"), HyperparameterKey("epsilon_1", "epsilon1"),
    HyperparameterKey("epsilon_2", "epsilon2"), HyperparameterKey("clipnorm", "clip_norm"),
    HyperparameterKey("global_clipnorm", "global_clip_norm"),
    HyperparameterKey("clipvalue", "clip_value"),
    HyperparameterKey("weight_decay_rate", "weight_decay"),
    HyperparameterKey("grad_accum_steps", "accumulation_steps"),
    HyperparameterKey("gradient_accumulation_steps", "accumulation_steps"),
    HyperparameterKey("steps_per_slow_update", "lookahead_steps"),
    HyperparameterKey("slow_step_size", "lookahead_rate"),
    HyperparameterKey("ema_momentum", "ema_decay"),
    HyperparameterKey("clipping_threshold", "clip_threshold"),
    HyperparameterKey("beta_2_decay", "decay_exponent", .negated),
    HyperparameterKey("bias_correction", "bias_correction", .correction),
  ]

  /// What is no hyper-parameter of the rule, or is told elsewhere.
  private static let others: Set = [
    "name", "jit_compile", "is_legacy_optimizer", "use_ema", "ema_overwrite_frequency", "decay",
    "decay_steps", "warmup_steps", "min_lr", "lr_schedule", "schedule_decay", "inner_optimizer",
    "initial_scale", "dynamic_growth_steps",
  ]

  /// The key behind a name of Keras, `nil` where it is none.
  static func keras(_ name: String) -> HyperparameterKey? {
    if others.contains(name) { return nil }
    return renamed.first { $0.keras == name } ?? HyperparameterKey(name, name)
  }

  /// Words that only other classes than today's have.
  private static let outdated: Set = ["lr", "weight_decay_rate", "grad_accum_steps"]

  /// The key behind the hub's name, as today's classes spell it.
  static func hub(_ name: String) -> HyperparameterKey {
    renamed.first { $0.hub == name && !outdated.contains($0.keras) }
      ?? HyperparameterKey(name, name)
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
