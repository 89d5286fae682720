#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Drawing in SVG: a plot area with an axis, in units of the drawing.
struct Chart {
  /// Which of a chart's series a mark belongs to.
  enum Series: String, CaseIterable {
    case first = "a"
    case second = "b"
    case third = "c"
  }

  /// An axis from one power of ten to another.
  struct LogAxis {
    let low: Int
    let high: Int

    /// The axis that holds all positive numbers among some, 16 decades of them at most.
    init?(_ values: [Double]) {
      let positive = values.filter { $0 > 0 && $0.isFinite }
      guard let least = positive.min(), let most = positive.max() else { return nil }
      let high = Int(log10(most).rounded(.up))
      self.high = high
      low = max(min(Int(log10(least).rounded(.down)), high - 1), high - 16)
    }

    /// Where a number lies, 0 at the low end and 1 at the high one.
    func position(_ value: Double) -> Double {
      let place = (log10(value) - Double(low)) / Double(high - low)
      return min(max(place, 0), 1)
    }

    /// Powers of ten to label, a dozen at most.
    var ticks: [Int] {
      let every = max(1, (high - low + 11) / 12)
      return stride(from: low, through: high, by: every).map(\.self)
    }
  }

  /// Round numbers from zero to the first that is not below a number, three to six of them.
  static func ticks(to most: Double) -> [Double] {
    let power = pow(10, log10(most).rounded(.down))
    let step = [0.2, 0.25, 0.5, 1, 2, 2.5].map { $0 * power }.first { most / $0 <= 5 } ?? most
    return (0...Int((most / step).rounded(.up))).map { Double($0) * step }
  }

  static let width = 1000.0
  private(set) var svg = ""
  private let height: Double

  init(height: Double, label: String) {
    self.height = height
    svg =
      "<svg viewBox=\"0 0 \(Self.width) \(height)\" role=\"img\" aria-label=\"\(HTMLText.escaped(label))\">\n"
  }

  /// The drawing, complete.
  var text: String { svg + "</svg>\n" }

  mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) {
    svg +=
      "<line class=\"\(style)\" x1=\"\(Self.text(x1))\" y1=\"\(Self.text(y1))\" x2=\"\(Self.text(x2))\" "
      + "y2=\"\(Self.text(y2))\"/>\n"
  }

  mutating func dot(_ x: Double, _ y: Double, _ series: Series, _ title: String) {
    svg +=
      "<circle class=\"f\(series.rawValue)\" cx=\"\(Self.text(x))\" cy=\"\(Self.text(y))\" r=\"5\">"
      + "<title>\(HTMLText.escaped(title))</title></circle>\n"
  }

  mutating func bar(_ x: Double, _ y: Double, _ width: Double, _ height: Double, _ title: String) {
    svg +=
      "<rect class=\"fa\" x=\"\(Self.text(x))\" y=\"\(Self.text(y))\" width=\"\(Self.text(width))\" "
      + "height=\"\(Self.text(height))\"><title>\(HTMLText.escaped(title))</title></rect>\n"
  }

  mutating func path(_ points: [(x: Double, y: Double)], _ series: Series) {
    guard points.count > 1 else { return }
    let coordinates = points.map { "\(Self.text($0.x)),\(Self.text($0.y))" }.joined(separator: " ")
    svg += "<polyline class=\"l\(series.rawValue)\" points=\"\(coordinates)\"/>\n"
  }

  mutating func line(_ points: [(x: Double, y: Double)], _ style: String, _ title: String) {
    let coordinates = points.map { "\(Self.text($0.x)),\(Self.text($0.y))" }.joined(separator: " ")
    svg +=
      "<polyline class=\"\(style)\" points=\"\(coordinates)\"><title>\(HTMLText.escaped(title))</title></polyline>\n"
  }

  /// Adds a text.
  ///
  /// - Parameters:
  ///   - content: The text.
  ///   - x: Where it is anchored.
  ///   - y: Its base line.
  ///   - anchor: `start`, `middle` or `end`.
  ///   - style: A class, empty for none.
  mutating func label(
    _ content: String,
    _ x: Double,
    _ y: Double,
    anchor: String = "start",
    style: String = ""
  ) {
    svg +=
      "<text class=\"\(style)\" x=\"\(Self.text(x))\" y=\"\(Self.text(y))\" text-anchor=\"\(anchor)\">"
      + "\(HTMLText.escaped(content))</text>\n"
  }

  /// The label of a power of ten.
  static func power(_ exponent: Int) -> String {
    if (-2...4).contains(exponent) { return Numbers.short(pow(10, Double(exponent))) }
    let digits: [Character: Character] = [
      "-": "⁻", "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷",
      "8": "⁸", "9": "⁹",
    ]
    return "10" + String("\(exponent)".map { digits[$0] ?? $0 })
  }

  private static func text(_ value: Double) -> String {
    let rounded = (value * 10).rounded() / 10
    return rounded.isFinite ? "\(rounded)" : "0"
  }
}
