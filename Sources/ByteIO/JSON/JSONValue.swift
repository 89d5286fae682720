public import Tensors

/// A value of a report that a program reads, of a record that a person writes, or of a file that a
/// framework saved.
public enum JSONValue: Sendable, Hashable {
  /// Does not apply.
  case null
  /// A truth value.
  case bool(Bool)
  /// A whole number, written without point and exponent.
  case int(Int64)
  /// A floating-point number; `null` in the text when it is not finite.
  case double(Double)
  /// A text.
  case string(String)
  /// A list.
  case array([JSONValue])
  /// Named values in their order.
  case object(JSONObject)

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

  /// The value as an attribute, `nil` for `null`, an object, and a list of anything but texts alone
  /// or numbers alone.
  ///
  /// An empty list becomes one of texts.
  public var attribute: AttributeValue? {
    switch self {
    case .bool(let flag): return .bool(flag)
    case .int(let number): return .int(number)
    case .double(let number): return .double(number)
    case .string(let text): return .string(text)
    case .array(let values):
      let texts = values.compactMap { if case .string(let text) = $0 { text } else { nil } }
      if texts.count == values.count { return .strings(texts) }
      let numbers = values.compactMap(\.number)
      return numbers.count == values.count ? .doubles(numbers) : nil
    case .null, .object: return nil
    }
  }

  /// The number, whole or not, or `nil`.
  public var number: Double? {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }
}
