#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

extension Chart {
  /// A row of a chart of dots.
  struct Row {
    let name: String
    /// Whether something was found in it.
    var isMarked = false
    let values: [(series: Series, value: Double?, title: String)]
  }

  /// Rows of dots on one logarithmic axis.
  ///
  /// - Parameters:
  ///   - rows: The rows; what is not positive is left out.
  ///   - label: What the chart shows.
  ///   - mark: A number to mark on the axis, with its label.
  /// - Returns: The drawing, empty when there is nothing to show.
  static func dots(_ rows: [Row], label: String, mark: (value: Double, label: String)? = nil)
    -> String
  {
    let values = rows.flatMap { $0.values.compactMap(\.value) } + (mark.map { [$0.value] } ?? [])
    guard rows.contains(where: { $0.values.contains { $0.value ?? 0 > 0 } }),
      let axis = LogAxis(values)
    else { return "" }
    let (left, right, top, step) = (270.0, width - 30, 26.0, 24.0)
    let bottom = top + step * Double(rows.count)
    var chart = Chart(height: bottom + 12, label: label)
    func x(_ value: Double) -> Double { left + (right - left) * axis.position(value) }
    for tick in axis.ticks {
      let place = x(pow(10, Double(tick)))
      chart.line(place, top - 4, place, bottom, "grid")
      chart.label(power(tick), place, top - 10, anchor: "middle", style: "tick")
    }
    if let mark {
      chart.line(x(mark.value), top - 4, x(mark.value), bottom, "mark")
      let isLate = x(mark.value) > (left + right) / 2
      chart.label(
        mark.label,
        x(mark.value) + (isLate ? -4 : 4),
        bottom + 9,
        anchor: isLate ? "end" : "start",
        style: "tick"
      )
    }
    for (index, row) in rows.enumerated() {
      let y = top + step * (Double(index) + 0.5)
      let name = HTMLText.shortened(row.name, to: row.isMarked ? 36 : 38)
      chart.label(row.isMarked ? "! " + name : name, 0, y + 4, style: row.isMarked ? "marked" : "")
      chart.line(left, y, right, y, "grid")
      for (series, value, title) in row.values {
        guard let value, value > 0, value.isFinite else { continue }
        chart.dot(x(value), y, series, "\(row.name): \(title) \(Numbers.short(value))")
      }
    }
    return chart.text
  }

  /// Bars over a logarithmic axis of ratios.
  ///
  /// - Parameters:
  ///   - bins: Lower edge and count of each bin, each a factor of √2 wide.
  ///   - label: What the chart shows.
  ///   - marks: Numbers to mark on the axis.
  /// - Returns: The drawing, empty when there is nothing to show.
  static func histogram(
    _ bins: [(edge: Double, count: UInt64)],
    label: String,
    marks: [(value: Double, label: String)]
  ) -> String {
    let total = bins.reduce(0) { $0 + Double($1.count) }
    guard total > 0, let axis = LogAxis(bins.map(\.edge) + marks.map { $0.value * 1.5 }) else {
      return ""
    }
    let (left, right, top, bottom) = (50.0, width - 30, 34.0, 260.0)
    let ticks = ticks(to: (bins.map { Double($0.count) }.max() ?? 1) / total)
    let most = ticks[ticks.count - 1]
    var chart = Chart(height: 290, label: label)
    func x(_ value: Double) -> Double { left + (right - left) * axis.position(value) }
    func y(_ share: Double) -> Double { bottom - (bottom - top) * share / most }
    for share in ticks {
      chart.line(left, y(share), right, y(share), "grid")
      chart.label(
        "\(Numbers.short(share * 100)) %",
        left - 6,
        y(share) + 4,
        anchor: "end",
        style: "tick"
      )
    }
    for tick in axis.ticks {
      chart.label(
        power(tick),
        x(pow(10, Double(tick))),
        bottom + 18,
        anchor: "middle",
        style: "tick"
      )
    }
    for (edge, count) in bins where count > 0 {
      let (start, end) = (x(edge), x(edge * 2.0.squareRoot()))
      let share = Double(count) / total
      let title = "from \(Numbers.short(edge)): \(count) elements, \(Numbers.short(share * 100)) %"
      chart.bar(start + 0.5, y(share), max(end - start - 1, 1), bottom - y(share), title)
    }
    for (index, mark) in marks.enumerated() {
      chart.line(x(mark.value), top - 8, x(mark.value), bottom, "mark")
      let anchor = index == 0 ? "end" : "start"
      chart.label(
        mark.label,
        x(mark.value) + (index == 0 ? -5 : 5),
        top - 12,
        anchor: anchor,
        style: "tick"
      )
    }
    return chart.text
  }

  /// Small histograms below each other, on one logarithmic axis of ratios.
  ///
  /// - Parameters:
  ///   - rows: Names, with lower edge and count of each bin, each a factor of √2 wide.
  ///   - label: What the chart shows.
  /// - Returns: The drawing, empty when there is nothing to show.
  static func histograms(
    _ rows: [(name: String, bins: [(edge: Double, count: UInt64)])],
    label: String
  ) -> String {
    guard let axis = LogAxis(rows.flatMap { $0.bins.map(\.edge) } + [1.5]) else { return "" }
    let (left, right, top, step) = (270.0, width - 30, 26.0, 46.0)
    let end = top + step * Double(rows.count)
    var chart = Chart(height: end + 8, label: label)
    func x(_ value: Double) -> Double { left + (right - left) * axis.position(value) }
    for tick in axis.ticks {
      let place = x(pow(10, Double(tick)))
      chart.line(place, top - 4, place, end, "grid")
      chart.label(power(tick), place, top - 10, anchor: "middle", style: "tick")
    }
    chart.line(x(1), top - 4, x(1), end, "mark")
    for (index, row) in rows.enumerated() {
      let bottom = top + step * Double(index + 1) - 4
      chart.label(HTMLText.shortened(row.name, to: 38), 0, bottom - 4)
      chart.line(left, bottom, right, bottom, "grid")
      let total = row.bins.reduce(0) { $0 + Double($1.count) }
      let most = row.bins.reduce(0) { max($0, Double($1.count)) }
      for (edge, count) in row.bins where count > 0 {
        let (start, stop) = (x(edge), x(edge * 2.0.squareRoot()))
        let height = (step - 10) * Double(count) / most
        let share = Numbers.short(Double(count) / total * 100)
        let title = "\(row.name), from \(Numbers.short(edge)): \(count) elements, \(share) %"
        chart.bar(start + 0.5, bottom - height, max(stop - start - 1, 1), height, title)
      }
    }
    return chart.text
  }

  /// Two curves over a logarithmic axis of steps.
  ///
  /// - Parameters:
  ///   - points: Steps, and the numbers of the two curves.
  ///   - label: What the chart shows.
  ///   - mark: A step to mark, with its label.
  /// - Returns: The drawing, empty when there is nothing to show.
  static func curves(
    _ points: [(x: Double, first: Double, second: Double)],
    label: String,
    mark: (value: Double, label: String)?
  ) -> String {
    guard let axis = LogAxis(points.map(\.x)), points.count > 1,
      let highest = points.flatMap({ [$0.first, $0.second] }).filter(\.isFinite).max(), highest > 0
    else { return "" }
    let ticks = ticks(to: highest)
    let most = ticks[ticks.count - 1]
    let (left, right, top, bottom) = (70.0, width - 30, 24.0, 280.0)
    var chart = Chart(height: 312, label: label)
    func x(_ value: Double) -> Double { left + (right - left) * axis.position(value) }
    func y(_ value: Double) -> Double { bottom - (bottom - top) * value / most }
    for value in ticks {
      chart.line(left, y(value), right, y(value), "grid")
      chart.label(Numbers.short(value), left - 6, y(value) + 4, anchor: "end", style: "tick")
    }
    for tick in axis.ticks {
      chart.label(
        power(tick),
        x(pow(10, Double(tick))),
        bottom + 18,
        anchor: "middle",
        style: "tick"
      )
    }
    if let mark, mark.value >= 1 {
      let place = x(mark.value)
      chart.line(place, top - 6, place, bottom, "mark")
      let isLate = place > (left + right) / 2
      chart.label(
        mark.label,
        place + (isLate ? -5 : 5),
        top - 10,
        anchor: isLate ? "end" : "start",
        style: "tick"
      )
    }
    chart.path(points.map { (x($0.x), y($0.second)) }, .second)
    chart.path(points.map { (x($0.x), y($0.first)) }, .first)
    return chart.text
  }
}
