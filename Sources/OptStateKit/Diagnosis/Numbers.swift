/// Numbers as evidence shows them.
enum Numbers {
  /// Seven significant digits, without a trailing `.0`.
  static func text(_ value: Double?) -> String {
    guard let value else { return "none" }
    let text = "\(Float(value))"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
