internal import ByteIO
internal import OptimizerCore
internal import Tensors

/// Keras' schedule objects and the hub's records of them.
enum ScheduleConfig {
  private struct Class {
    let name: String
    let kind: String
    /// The class's own words and the hub's, and what the hub takes each for where a record does not say it.
    let keys: [(keras: String, hub: String)]
  }

  private static let rate = (keras: "initial_learning_rate", hub: "learning_rate")

  private static func same(_ words: String...) -> [(keras: String, hub: String)] {
    words.map { ($0, $0) }
  }

  private static let classes = [
    Class(
      name: "PolynomialDecay",
      kind: "polynomial",
      keys: [rate] + same("decay_steps", "end_learning_rate", "power", "cycle")
    ),
    Class(
      name: "ExponentialDecay",
      kind: "exponential",
      keys: [rate] + same("decay_steps", "decay_rate", "staircase")
    ),
    Class(
      name: "InverseTimeDecay",
      kind: "inverse_time",
      keys: [rate] + same("decay_steps", "decay_rate", "staircase")
    ),
    Class(
      name: "CosineDecayRestarts",
      kind: "cosine_restarts",
      keys: [rate] + same("first_decay_steps", "t_mul", "m_mul", "alpha")
    ),
    Class(
      name: "PiecewiseConstantDecay",
      kind: "piecewise_constant",
      keys: same("boundaries", "values")
    ),
    Class(
      name: "CosineDecay",
      kind: "cosine",
      keys: [rate] + same("decay_steps", "alpha", "warmup_target", "warmup_steps")
    ),
  ]

  private static let counts: Set = ["decay_steps", "first_decay_steps", "warmup_steps"]

  /// The record of a schedule object.
  static func record(_ object: JSONTree) -> ScheduleRecord? {
    guard let name = object["class_name"]?.text, let config = object["config"]?.members else {
      return nil
    }
    let short = name.split(separator: ">").last.map(String.init) ?? name
    let known = classes.first { $0.name == short }
    var record = ScheduleRecord(kind: known?.kind ?? short.lowercased())
    for (keras, json) in config where keras != "name" {
      let hub = known?.keys.first { $0.keras == keras }?.hub ?? keras
      record.parameters[hub] = value(json, hub)
    }
    // A cosine with a warm-up rises from the initial rate to its target and falls from there.
    if known?.kind == "cosine", let target = record.parameters.removeValue(forKey: "warmup_target")
    {
      record.parameters["warmup_learning_rate"] = record.parameters["learning_rate"]
      record.parameters["learning_rate"] = target
    } else if known?.kind == "cosine" {
      record.parameters["warmup_steps"] = nil
    }
    return record
  }

  private static func value(_ json: JSONTree, _ key: String) -> AttributeValue? {
    switch json {
    case .bool(let flag): return .bool(flag)
    case .number:
      guard let number = json.number else { return nil }
      if counts.contains(key), let count = Int64(exactly: number) { return .int(count) }
      return .double(number)
    case .string: return json.text.map(AttributeValue.string)
    case .array(let elements):
      let numbers = elements.compactMap(\.number)
      return numbers.count == elements.count ? .doubles(numbers) : nil
    case .null, .object: return nil
    }
  }

  /// The schedule object of a record, `nil` where Keras has no class for its kind.
  ///
  /// - Parameters:
  ///   - record: The record.
  ///   - old: The object that it replaces, whose other members stay.
  ///   - family: Whose spelling of objects to use where there is none to replace.
  /// - Returns: The object.
  /// - Throws: `StateError` with code `unsupported` where the class has no place for a value that means something.
  static func object(
    _ record: ScheduleRecord,
    replacing old: JSONTree?,
    _ family: KerasFamily
  ) throws -> JSONTree? {
    guard let known = classes.first(where: { $0.kind == record.kind }) else {
      return try record.formula.flatMap { try Self.object($0, replacing: old, family) }
    }
    var parameters = record.parameters
    for key in parameters.keys
    where isDefault(key, of: record) && !known.keys.contains(where: { $0.hub == key }) {
      parameters[key] = nil
    }
    if known.kind == "cosine", let steps = parameters["warmup_steps"]?.number, steps != 0 {
      // Keras rises from the initial rate to a target.
      parameters["warmup_target"] = parameters["learning_rate"]
      parameters["learning_rate"] =
        parameters.removeValue(forKey: "warmup_learning_rate") ?? .double(0)
    } else if known.kind == "cosine" {
      for key in ["warmup_steps", "warmup_learning_rate", "decay_origin", "warmup_counting"] {
        parameters[key] = nil
      }
    }
    let isSame = old.flatMap { Self.record($0) }?.kind == record.kind
    var config = isSame ? old?["config"] ?? .object([]) : .object([])
    if known.kind == "cosine", parameters["warmup_target"] == nil, config["warmup_target"] != nil {
      config = config.replacing(["warmup_target"], with: .null)
        .replacing(["warmup_steps"], with: .number("0"))
    }
    for (hub, value) in parameters.sorted(by: { $0.key < $1.key }) {
      guard let keras = known.keys.first(where: { $0.hub == hub })?.keras else {
        throw StateError(
          .unsupported,
          "Keras' \(known.name) has no place for \(hub)",
          found: "\(value)",
          remedy: "leave \(hub) out, or give another schedule"
        )
      }
      config = config.replacing([keras], with: HyperparameterKey(keras, hub).json(value))
    }
    if isSame, let old { return old.replacing(["config"], with: config) }
    var object: [JSONTree.Member] = []
    if family != .legacy {
      let module = JSONTree(text: "keras.optimizers.schedules")
      object.append(JSONTree.Member(spelling: "module", value: module))
    }
    object.append(JSONTree.Member(spelling: "class_name", value: JSONTree(text: known.name)))
    object.append(JSONTree.Member(spelling: "config", value: config))
    if family != .legacy {
      object.append(JSONTree.Member(spelling: "registered_name", value: .null))
    }
    return .object(object)
  }

  /// Whether a value is what the record would mean without it.
  private static func isDefault(_ key: String, of record: ScheduleRecord) -> Bool {
    var without = record
    without.parameters[key] = nil
    guard let value = record.parameters[key],
      let standard = try? Schedule(without).record.parameters[key]
    else { return false }
    return value == standard || value.number != nil && value.number == standard.number
  }
}
