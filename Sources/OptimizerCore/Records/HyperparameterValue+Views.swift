public import Tensors

extension AttributeValue {
  /// The number, of an `int` as well, or `nil`.
  public var number: Double? {
    switch self {
    case .double(let value): value
    case .int(let value): Double(value)
    default: nil
    }
  }

  /// The string, or `nil`.
  public var word: String? {
    if case .string(let value) = self { value } else { nil }
  }
}
