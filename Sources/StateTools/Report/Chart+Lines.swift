#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

extension Chart {
  /// One of many lines.
  struct Line {
    let name: String
    /// Whether it stands out from the others.
    let isTold: Bool
    let points: [(x: Double, y: Double)]
  }

  /// Many lines over steps, on a logarithmic axis.
  ///
  /// - Parameters:
  ///   - lines: The lines; all numbers are positive.
  ///   - label: What the chart shows.
  ///   - marks: Steps to mark.
  /// - Returns: The drawing, empty when there is nothing to show.
  static func lines(_ lines: [Line], label: String, marks: [Double]) -> String {
    let drawn = lines.filter { $0.points.count > 1 }
    let steps = drawn.flatMap { $0.points.map(\.x) }
    guard let first = steps.min(), let last = steps.max(), last > first,
      let axis = LogAxis(drawn.flatMap { $0.points.map(\.y) })
    else { return "" }
    let (left, right, top, bottom) = (70.0, width - 30, 24.0, 300.0)
    var chart = Chart(height: 332, label: label)
    func x(_ step: Double) -> Double { left + (right - left) * (step - first) / (last - first) }
    func y(_ value: Double) -> Double { bottom - (bottom - top) * axis.position(value) }
    for tick in axis.ticks {
      let place = y(pow(10, Double(tick)))
      chart.line(left, place, right, place, "grid")
      chart.label(power(tick), left - 6, place + 4, anchor: "end", style: "tick")
    }
    for share in 0...4 {
      let step = first + (last - first) * Double(share) / 4
      let anchor = share == 0 ? "start" : share == 4 ? "end" : "middle"
      chart.label("\(Int64(step))", x(step), bottom + 20, anchor: anchor, style: "tick")
    }
    for mark in marks where mark >= first {
      chart.line(x(mark), top - 6, x(mark), bottom, "mark")
      let isLate = x(mark) > (left + right) / 2
      let anchor = isLate ? "end" : "start"
      let place = x(mark) + (isLate ? -4 : 4)
      chart.label("\(Int64(mark))", place, top - 8, anchor: anchor, style: "tick")
    }
    for line in drawn.filter({ !$0.isTold }) + drawn.filter(\.isTold) {
      let points = line.points.map { (x($0.x), y($0.y)) }
      chart.line(points, line.isTold ? "told" : "many", line.name)
    }
    return chart.text
  }
}
