#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Numbers as evidence shows them.
enum Numbers {
  /// As many digits as a `Float` needs, without a trailing `.0`.
  static func text(_ value: Double?) -> String {
    guard let value else { return "none" }
    return trimmed("\(Float(value))")
  }

  /// Four significant digits; a dash for none.
  static func short(_ value: Double?) -> String {
    guard let value, value.isFinite else { return value.map { "\($0)" } ?? "–" }
    guard value != 0 else { return "0" }
    let exponent = Int(log10(abs(value)).rounded(.down))
    guard (-4...6).contains(exponent) else {
      let digits = (value / pow(10, Double(exponent)) * 100).rounded() / 100
      return trimmed("\(digits)") + "e\(exponent)"
    }
    let scale = pow(10, Double(3 - exponent))
    let rounded = (value * scale).rounded() / scale
    return trimmed(abs(rounded) >= 1e4 ? "\(Int64(rounded))" : plain(rounded))
  }

  /// Without an exponent, which `description` has for small numbers.
  private static func plain(_ value: Double) -> String {
    let text = "\(value)"
    guard let mark = text.firstIndex(of: "e"), let exponent = Int(text[text.index(after: mark)...]),
      exponent < 0
    else { return text }
    let digits = text[..<mark].filter { $0 != "." && $0 != "-" }
    let zeros = String(repeating: "0", count: -exponent - 1)
    return (value < 0 ? "-" : "") + "0." + zeros + trimmed(digits, of: "0")
  }

  private static func trimmed(_ text: String) -> String {
    text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  private static func trimmed(_ digits: String, of zero: Character) -> String {
    var digits = digits
    while digits.count > 1, digits.last == zero { digits.removeLast() }
    return digits
  }
}
