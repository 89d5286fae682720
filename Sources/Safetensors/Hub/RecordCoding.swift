internal import ByteIO
internal import OptimizerCore
internal import Tensors

/// Optimizer and schedule records as JSON, in the form that `--optimizer` and `--schedule` take: an
/// object of `kind` and values.
///
/// A number that JSON lacks is an object such as `{"double": "inf"}`, an empty list of numbers
/// `{"doubles": []}`.
enum RecordCoding {
  static func encode(_ kind: String, _ values: [String: AttributeValue]) -> JSONObject {
    var object: JSONObject = ["kind": .string(kind)]
    add(values, to: &object)
    return object
  }

  static func encode(_ group: ParameterGroup) -> JSONObject {
    var object = JSONObject()
    object["name"] = group.name.map(JSONValue.string)
    object["kind"] = group.kind.map(JSONValue.string)
    object["members"] = .array(group.members.map(JSONValue.string))
    add(group.overrides, to: &object)
    return object
  }

  static func optimizer(_ value: JSONValue) throws -> OptimizerRecord {
    var (kind, object) = try record(value)
    var groups: [ParameterGroup] = []
    switch object["groups"] {
    case nil: break
    case .array(let entries)?: groups = try entries.map(group)
    default: throw StateDescription.damaged("the parameter groups are no list")
    }
    object["groups"] = nil
    return OptimizerRecord(kind: kind, hyperparameters: try values(object), groups: groups)
  }

  static func schedule(_ value: JSONValue) throws -> ScheduleRecord {
    let (kind, object) = try record(value)
    return ScheduleRecord(kind: kind, parameters: try values(object))
  }

  private static func group(_ value: JSONValue) throws -> ParameterGroup {
    guard case .object(var object) = value,
      case .strings(let members)? = object["members"]?.attribute
    else { throw StateDescription.damaged("a parameter group has no members") }
    var name: String?
    if case .string(let text)? = object["name"] { name = text }
    var kind: String?
    if case .string(let text)? = object["kind"] { kind = text }
    object["members"] = nil
    object["name"] = nil
    object["kind"] = nil
    return ParameterGroup(name: name, kind: kind, overrides: try values(object), members: members)
  }

  private static func record(_ value: JSONValue) throws -> (String, JSONObject) {
    guard case .object(var object) = value, case .string(let kind)? = object["kind"] else {
      throw StateDescription.damaged("a record has no kind")
    }
    object["kind"] = nil
    return (kind, object)
  }

  private static func add(_ values: [String: AttributeValue], to object: inout JSONObject) {
    for name in values.keys.sorted(by: { ExactName($0) < ExactName($1) }) {
      object[name] = values[name].map(encode)
    }
  }

  private static func encode(_ value: AttributeValue) -> JSONValue {
    switch value {
    case .double(let number) where !number.isFinite:
      return .object(["double": .string("\(number)")])
    case .doubles(let numbers) where numbers.isEmpty || !numbers.allSatisfy(\.isFinite):
      return .object(["doubles": .array(numbers.map { .string("\($0)") })])
    default: return JSONValue(value)
    }
  }

  private static func values(_ object: JSONObject) throws -> [String: AttributeValue] {
    var values: [String: AttributeValue] = [:]
    for (name, value) in object.members {
      guard let attribute = value.attribute ?? special(value) else {
        throw StateDescription.damaged("the value '\(name)' is of no known kind")
      }
      values[name] = attribute
    }
    return values
  }

  private static func special(_ value: JSONValue) -> AttributeValue? {
    guard case .object(let object) = value, let member = object.members.first,
      object.members.count == 1
    else { return nil }
    switch (member.name, member.value.attribute) {
    case ("double", .string(let text)?): return Double(text).map(AttributeValue.double)
    case ("doubles", .strings(let texts)?):
      let numbers = texts.compactMap { Double($0) }
      return numbers.count == texts.count ? .doubles(numbers) : nil
    default: return nil
    }
  }
}
