internal import ByteIO
public import OptimizerCore
internal import Tensors

/// Where optimizer and schedule records come from that no file of the state has: a spec such as
/// `adamw:learning_rate=0.001`, or a JSON file `{"kind": "adamw", "learning_rate": 0.001}`.
public enum RecordSource {
  /// An optimizer record, checked against the rule that it names.
  ///
  /// A JSON file may have `groups`: a list of objects with `members`, a list of names, and overrides.
  ///
  /// - Parameter text: A spec, or the path of a JSON file.
  /// - Returns: The record.
  /// - Throws: `StateError` with code `invalidArgument`, listing what there is.
  public static func optimizer(_ text: String) throws -> OptimizerRecord {
    guard let values = try object(in: text) else { return try OptimizerRecord(spec: text) }
    return try optimizer(values, text)
  }

  private static func optimizer(
    _ object: JSONObject,
    _ text: String
  ) throws -> OptimizerRecord {
    var values = object
    var groups: [ParameterGroup] = []
    if let list = take("groups", &values) {
      guard case .array(let entries) = list else { throw failure("'groups' is no list", text) }
      groups = try entries.map { try group($0, text) }
    }
    var record = OptimizerRecord(
      kind: try kind(&values, text),
      hyperparameters: [:],
      groups: groups
    )
    record.hyperparameters = try attributes(values, text)
    try record.check()
    return record
  }

  /// A schedule record, checked against the schedule that it names.
  ///
  /// - Parameter text: A spec, or the path of a JSON file.
  /// - Returns: The record.
  /// - Throws: `StateError` with code `invalidArgument`, listing what there is.
  public static func schedule(_ text: String) throws -> ScheduleRecord {
    guard let values = try object(in: text) else { return try ScheduleRecord(spec: text) }
    return try schedule(values, text)
  }

  private static func schedule(
    _ object: JSONObject,
    _ text: String
  ) throws -> ScheduleRecord {
    var values = object
    let kind = try kind(&values, text)
    let record = ScheduleRecord(
      kind: kind,
      parameters: try attributes(values, text)
    )
    _ = try Schedule(record)
    return record
  }

  private static func object(in text: String) throws -> JSONObject? {
    guard FileSystem.kind(of: text) == .file else { return nil }
    let bytes = try PositionalFile.contents(of: text, within: .textBytes, "the record")
    return try object(of: bytes, text)
  }

  private static func object(of bytes: [UInt8], _ path: String) throws -> JSONObject {
    let value: JSONValue
    do {
      value = try JSONReader.value(of: bytes)
    } catch let error as StateError {
      throw StateError(.invalidArgument, error.message, file: path, offset: error.offset)
    }
    guard case .object(let values) = value else {
      throw failure("the file is no JSON object", path)
    }
    return values
  }

  /// Both records from the bytes of a JSON file, for those who attack the parser.
  package static func records(
    _ bytes: [UInt8]
  ) throws -> (optimizer: OptimizerRecord?, schedule: ScheduleRecord?) {
    let values = try object(of: bytes, "memory")
    return (try? optimizer(values, "memory"), try? schedule(values, "memory"))
  }

  private static func kind(_ values: inout JSONObject, _ path: String) throws -> String {
    guard case .string(let kind) = take("kind", &values) else {
      throw failure("the object has no 'kind'", path)
    }
    return kind
  }

  private static func group(_ value: JSONValue, _ path: String) throws -> ParameterGroup {
    guard case .object(var values) = value,
      case .array(let members) = take("members", &values)
    else { throw failure("a group has no list of members", path) }
    var name: String?
    if case .string(let text) = take("name", &values) { name = text }
    var kind: String?
    if case .string(let text) = take("kind", &values) { kind = text }
    return ParameterGroup(
      name: name,
      kind: kind,
      overrides: try attributes(values, path),
      members: try members.map { member in
        guard case .string(let text) = member else { throw failure("a member is no text", path) }
        return text
      }
    )
  }

  private static func attributes(
    _ object: JSONObject,
    _ path: String
  ) throws -> [String: AttributeValue] {
    var attributes: [String: AttributeValue] = [:]
    for (name, value) in object.members {
      guard let attribute = value.attribute else {
        throw failure(
          "'\(name)' is neither a number, a text, a truth value nor a list of numbers or of texts",
          path
        )
      }
      attributes[name] = attribute
    }
    return attributes
  }

  private static func take(_ name: String, _ object: inout JSONObject) -> JSONValue? {
    defer { object[name] = nil }
    return object[name]
  }

  private static func failure(_ message: String, _ path: String) -> StateError {
    StateError(.invalidArgument, message, file: path)
  }
}
