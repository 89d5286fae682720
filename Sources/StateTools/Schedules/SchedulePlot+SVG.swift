internal import OptimizerCore

extension SchedulePlot {
  private static let size = (width: 900.0, height: 420.0)
  private static let margin = (left: 80.0, right: 24.0, top: 36.0, bottom: 84.0)
  private static let colors = ["#1f5fbf", "#d0661a", "#2f8f4e", "#8a4fbf"]

  /// The plot as a picture that needs nothing else: no script, no font, no network.
  public var svg: String {
    var lines = [
      """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 420" width="900" height="420" \
      font-family="system-ui, sans-serif" font-size="13" role="img">
      """,
      "<title>Learning rate by step</title>",
      "<rect width=\"900\" height=\"420\" fill=\"#ffffff\"/>",
    ]
    lines += axes
    for (place, curve) in curves.enumerated().reversed() { lines += draw(curve, place) }
    lines += marker
    lines += legend
    lines.append("</svg>")
    return lines.joined(separator: "\n") + "\n"
  }

  private func x(_ step: Double) -> Double {
    let share = (step - steps.lowerBound) / (steps.upperBound - steps.lowerBound)
    return Self.margin.left + share * (Self.size.width - Self.margin.left - Self.margin.right)
  }

  private func y(_ rate: Double) -> Double {
    let height = Self.size.height - Self.margin.top - Self.margin.bottom
    return Self.margin.top + height * (1 - min(max(rate / (top * 1.05), 0), 1))
  }

  private var axes: [String] {
    let (left, right) = (Self.margin.left, Self.size.width - Self.margin.right)
    let bottom = y(0)
    var lines: [String] = []
    for rate in Self.ticks(0...top * 1.05, about: 5) {
      let place = Self.digits(y(rate))
      lines.append(
        "<line x1=\"\(left)\" x2=\"\(right)\" y1=\"\(place)\" y2=\"\(place)\" stroke=\"#e3e6ea\"/>"
      )
      lines.append(
        "<text x=\"\(left - 8)\" y=\"\(place)\" dy=\"4\" text-anchor=\"end\" fill=\"#444\">"
          + "\(Self.rateLabel(rate))</text>"
      )
    }
    for step in Self.ticks(steps, about: 7) {
      let place = Self.digits(x(step))
      lines.append(
        "<line x1=\"\(place)\" x2=\"\(place)\" y1=\"\(bottom)\" y2=\"\(bottom + 5)\" stroke=\"#444\"/>"
      )
      lines.append(
        "<text x=\"\(place)\" y=\"\(bottom + 20)\" text-anchor=\"middle\" fill=\"#444\">"
          + "\(Self.stepLabel(step))</text>"
      )
    }
    lines.append(
      "<line x1=\"\(left)\" x2=\"\(right)\" y1=\"\(bottom)\" y2=\"\(bottom)\" stroke=\"#444\"/>"
    )
    lines.append(
      "<text x=\"\((left + right) / 2)\" y=\"\(bottom + 38)\" text-anchor=\"middle\" fill=\"#222\">"
        + "step</text>"
    )
    lines.append(
      "<text transform=\"translate(18 \((Self.margin.top + bottom) / 2)) rotate(-90)\" "
        + "text-anchor=\"middle\" fill=\"#222\">learning rate</text>"
    )
    return lines
  }

  private func draw(_ curve: Curve, _ place: Int) -> [String] {
    let path = curve.samples.points.filter(\.rate.isFinite).enumerated().map { index, point in
      "\(index == 0 ? "M" : "L")\(Self.digits(x(Double(point.step)))) \(Self.digits(y(point.rate)))"
    }
    let dash = place == 0 ? "" : " stroke-dasharray=\"6 4\""
    return [
      "<path d=\"\(path.joined(separator: " "))\" fill=\"none\" stroke=\"\(color(place))\" "
        + "stroke-width=\"2\" stroke-linejoin=\"round\"\(dash)/>"
    ]
  }

  private var marker: [String] {
    guard let current, let rate = currentRate else { return [] }
    let (place, height) = (Self.digits(x(Double(current))), Self.digits(y(rate)))
    let isRight = x(Double(current)) > Self.size.width / 2
    return [
      "<line x1=\"\(place)\" x2=\"\(place)\" y1=\"\(Self.margin.top)\" y2=\"\(y(0))\" "
        + "stroke=\"#b00020\" stroke-dasharray=\"2 3\"/>",
      "<circle cx=\"\(place)\" cy=\"\(height)\" r=\"4\" fill=\"#b00020\"/>",
      "<text x=\"\(place)\" y=\"\(Self.margin.top - 8)\" dx=\"\(isRight ? 4 : -4)\" "
        + "text-anchor=\"\(isRight ? "end" : "start")\" fill=\"#b00020\">"
        + "step \(current): \(Self.rateLabel(rate))</text>",
    ]
  }

  private var legend: [String] {
    curves.enumerated().flatMap { place, curve in
      let height = Self.size.height - 28 + 16 * (Double(place) - Double(curves.count - 1) / 2)
      let dash = place == 0 ? "" : " stroke-dasharray=\"6 4\""
      return [
        "<line x1=\"\(Self.margin.left)\" x2=\"\(Self.margin.left + 28)\" y1=\"\(height)\" "
          + "y2=\"\(height)\" stroke=\"\(color(place))\" stroke-width=\"2\"\(dash)/>",
        "<text x=\"\(Self.margin.left + 36)\" y=\"\(height)\" dy=\"4\" fill=\"#222\" font-size=\"12\">"
          + "\(Self.escaped(Self.shortened(curve.name)))</text>",
      ]
    }
  }

  private func color(_ place: Int) -> String { Self.colors[place % Self.colors.count] }

  private static func digits(_ number: Double) -> String { "\((number * 100).rounded() / 100)" }

  private static func shortened(_ text: String) -> String {
    text.count > 120 ? text.prefix(119) + "…" : text
  }

  private static func escaped(_ text: String) -> String {
    text.map { character in
      switch character {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      default: String(character)
      }
    }
    .joined()
  }
}
