public import Tensors

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A value of a report that a program reads, or of a record that a person writes.
public enum JSONValue: Sendable, Hashable {
  /// Does not apply.
  case null
  /// A truth value.
  case bool(Bool)
  /// A whole number.
  case int(Int64)
  /// A floating-point number; `null` in the text when it is not finite.
  case double(Double)
  /// A text.
  case string(String)
  /// A list.
  case array([JSONValue])
  /// Named values; the text has them in the order of their names.
  case object([String: JSONValue])

  /// A whole number, or `null` for none.
  ///
  /// - Parameter value: The number.
  public init(_ value: Int64?) { self = value.map(JSONValue.int) ?? .null }

  /// A text, or `null` for none.
  ///
  /// - Parameter value: The text.
  public init(_ value: String?) { self = value.map(JSONValue.string) ?? .null }

  /// A number, or `null` for none.
  ///
  /// - Parameter value: The number.
  public init(_ value: Double?) { self = value.map(JSONValue.double) ?? .null }

  /// A list of whole numbers.
  ///
  /// - Parameter values: The numbers.
  public init(_ values: [Int]) { self = .array(values.map { .int(Int64($0)) }) }

  /// The value of an attribute.
  ///
  /// - Parameter value: The value.
  public init(_ value: AttributeValue) {
    self =
      switch value {
      case .bool(let flag): .bool(flag)
      case .int(let number): .int(number)
      case .double(let number): .double(number)
      case .string(let text): .string(text)
      case .doubles(let numbers): .array(numbers.map(JSONValue.double))
      case .strings(let texts): .array(texts.map(JSONValue.string))
      }
  }

  /// The text, indented, names sorted, without a final newline.
  public var text: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // Nothing in the tree can fail to encode: numbers that JSON lacks have become null.
    guard let data = try? encoder.encode(self) else { return "null" }
    return String(decoding: data, as: UTF8.self)
  }
}

extension JSONValue: Encodable {
  /// Writes the value into an encoder.
  ///
  /// - Parameter encoder: The encoder.
  /// - Throws: What the encoder throws.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let flag): try container.encode(flag)
    case .int(let number): try container.encode(number)
    case .double(let number) where number.isFinite: try container.encode(number)
    case .double: try container.encodeNil()
    case .string(let text): try container.encode(text)
    case .array(let values): try container.encode(values)
    case .object(let values): try container.encode(values)
    }
  }
}

extension JSONValue: Decodable {
  /// Reads a value from a decoder.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: What the decoder throws.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let flag = try? container.decode(Bool.self) {
      self = .bool(flag)
    } else if let number = try? container.decode(Int64.self) {
      self = .int(number)
    } else if let number = try? container.decode(Double.self) {
      self = .double(number)
    } else if let text = try? container.decode(String.self) {
      self = .string(text)
    } else if let values = try? container.decode([JSONValue].self) {
      self = .array(values)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }
}
