public import Tensors

/// One value of an optimizer's or a schedule's record.
public typealias HyperparameterValue = AttributeValue

extension AttributeValue: CustomStringConvertible {
  /// The value as a spec spells it: `true`, `10`, `0.001`, `word`, `"a,b"`, `[1.0;0.5]`, `[a;b]`.
  ///
  /// A `double` always shows a point or an exponent, so that reading it back gives a `double`.
  public var description: String {
    switch self {
    case .bool(let value): "\(value)"
    case .int(let value): "\(value)"
    case .double(let value): "\(value)"
    case .string(let value): SpecText.spelling(of: value)
    case .doubles(let values): "[" + values.map { "\($0)" }.joined(separator: ";") + "]"
    case .strings(let values):
      "[" + values.map(SpecText.spelling(of:)).joined(separator: ";") + "]"
    }
  }
}
