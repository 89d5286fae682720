/// Numbers as people read them.
enum Units {
  /// Bytes in decimal units, such as `1.32 GB`.
  static func bytes(_ count: Int) -> String {
    scaled(count, ["B", "kB", "MB", "GB", "TB", "PB"])
  }

  /// Counts in decimal steps, such as `110.1 M`.
  static func count(_ count: Int) -> String {
    scaled(count, ["", "k", "M", "G", "T", "P"])
  }

  private static func scaled(_ count: Int, _ units: [String]) -> String {
    var value = Double(count)
    var unit = 0
    while value >= 1000, unit < units.count - 1 {
      value /= 1000
      unit += 1
    }
    if unit == 0 { return units[0].isEmpty ? "\(count)" : "\(count) \(units[0])" }
    let places = value < 10 ? 100.0 : value < 100 ? 10 : 1
    let rounded = (value * places).rounded() / places
    return "\(places == 1 ? "\(Int(rounded))" : "\(rounded)") \(units[unit])"
  }

  /// Seven significant digits, without a trailing `.0`.
  static func number(_ value: Double?) -> String {
    guard let value else { return "-" }
    return "\(Float(value))"
  }
}
