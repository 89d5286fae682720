/// One value that is kept beside tensors: a hyper-parameter, or a format's own attribute.
public enum AttributeValue: Sendable, Hashable {
  /// A truth value.
  case bool(Bool)
  /// A whole number.
  case int(Int64)
  /// A floating-point number.
  case double(Double)
  /// A text.
  case string(String)
  /// A list of floating-point numbers.
  case doubles([Double])
  /// A list of texts.
  case strings([String])
}
