internal import ByteIO
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// The text by which a file describes the state in it, under ``metadataName`` of its metadata.
///
/// Its form is part of the article <doc:SafetensorsFormat>.
enum StateDescription {
  static let metadataName = "optstate"
  static let version: Int64 = 1

  /// Puts the description of a state into JSON.
  static func encode(_ state: TrainingState, _ layout: FlatLayout) -> JSONValue {
    var object: JSONObject = ["version": .int(version)]
    object["source_format"] = .string(state.origin.format)
    object["naming"] = state.naming.map(JSONValue.string)
    object["step"] = layout.globalStep.map(JSONValue.string)
    if let optimizer = state.optimizer {
      var record = RecordCoding.encode(optimizer.kind, optimizer.hyperparameters)
      if !optimizer.groups.isEmpty {
        record["groups"] = .array(optimizer.groups.map { .object(RecordCoding.encode($0)) })
      }
      object["optimizer"] = .object(record)
    }
    object["schedule"] = state.schedule.map {
      .object(RecordCoding.encode($0.kind, $0.parameters))
    }
    if !layout.optimizerTensors.isEmpty {
      object["optimizer_tensors"] = texts(layout.optimizerTensors)
    }
    var variables = JSONObject()
    for member in layout.variables {
      var entry = JSONObject()
      if let value = member.value, ExactName(value) != ExactName(member.name) {
        entry["value"] = .string(value)
      } else if member.value == nil {
        entry["value"] = .null
      }
      if !member.slots.isEmpty {
        entry["slots"] = texts(member.slots.map { ($0.slot.rawValue, $0.key) })
      }
      entry["step"] = member.step.map(JSONValue.string)
      variables[member.name] = .object(entry)
    }
    object["variables"] = .object(variables)
    return .object(object)
  }

  /// Takes the description of a state out of JSON.
  static func decode(
    _ text: String
  ) throws -> (layout: FlatLayout, optimizer: OptimizerRecord?, schedule: ScheduleRecord?) {
    do {
      guard case .object(let object) = try JSONReader.value(of: Array(text.utf8)) else {
        throw damaged("it is no object")
      }
      guard object["version"] == .int(version) else {
        throw StateError(
          .unsupported,
          "the description of the state has another version",
          expected: "\(version)",
          remedy: "read it with a newer optstate"
        )
      }
      return (
        try layout(object), try object["optimizer"].map(RecordCoding.optimizer),
        try object["schedule"].map(RecordCoding.schedule)
      )
    } catch var error as StateError {
      // Offsets count from the start of the text, not of the file.
      error.offset = nil
      error.tensor = error.tensor ?? "__metadata__.\(metadataName)"
      throw error
    }
  }

  private static func layout(_ object: JSONObject) throws -> FlatLayout {
    var layout = FlatLayout()
    layout.globalStep = try object["step"].map { try string($0, "step") }
    if let tensors = object["optimizer_tensors"] {
      layout.optimizerTensors = try texts(tensors, "optimizer_tensors")
    }
    guard case .object(let variables) = object["variables"] else {
      throw damaged("it has no variables")
    }
    for (name, value) in variables.members {
      guard case .object(let entry) = value else {
        throw damaged("variable '\(name)' is no object")
      }
      var member = FlatLayout.Member(name)
      switch entry["value"] {
      case nil: member.value = name
      case .null?: break
      case let key?: member.value = try string(key, "value")
      }
      if let slots = entry["slots"] {
        member.slots = try texts(slots, "slots").map { (SlotName(rawValue: $0.name), $0.key) }
      }
      member.step = try entry["step"].map { try string($0, "step") }
      layout.variables.append(member)
    }
    return layout
  }

  private static func texts(_ pairs: [(name: String, key: String)]) -> JSONValue {
    var object = JSONObject()
    for (name, key) in pairs { object[name] = .string(key) }
    return .object(object)
  }

  private static func texts(
    _ value: JSONValue,
    _ what: String
  ) throws -> [(name: String, key: String)] {
    guard case .object(let object) = value else { throw damaged("'\(what)' is no object") }
    return try object.members.map { ($0.name, try string($0.value, what)) }
  }

  private static func string(_ value: JSONValue, _ what: String) throws -> String {
    guard case .string(let text) = value else { throw damaged("'\(what)' is no text") }
    return text
  }

  static func damaged(_ message: String) -> StateError {
    StateError(.malformed, "the description of the state is damaged: \(message)")
  }
}
