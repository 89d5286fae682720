/// One value that is kept beside tensors: a hyper-parameter, or a format's own attribute.
///
/// Values are equal as tensors are: one NaN equals another of the same bits.
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

  /// Whether two values are the same.
  public static func == (first: AttributeValue, second: AttributeValue) -> Bool {
    switch (first, second) {
    case (.bool(let one), .bool(let other)): one == other
    case (.int(let one), .int(let other)): one == other
    case (.double(let one), .double(let other)): isSame(one, other)
    case (.string(let one), .string(let other)): one == other
    case (.doubles(let one), .doubles(let other)): one.elementsEqual(other, by: isSame)
    case (.strings(let one), .strings(let other)): one == other
    default: false
    }
  }

  private static func isSame(_ one: Double, _ other: Double) -> Bool {
    one == other || one.bitPattern == other.bitPattern
  }
}
