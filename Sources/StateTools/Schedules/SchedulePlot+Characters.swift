internal import OptimizerCore

extension SchedulePlot {
  /// The plot in characters, as a terminal shows it: `•` for the first curve, `·` for the others, `┊` at
  /// the marked step.
  ///
  /// - Parameters:
  ///   - width: Columns of the curves.
  ///   - height: Lines of the curves.
  /// - Returns: Lines of text.
  public func characters(width: Int = 64, height: Int = 12) -> [String] {
    let columns = max(width, 2)
    let rows = max(height, 2)
    var cells = [[Character]](repeating: [Character](repeating: " ", count: columns), count: rows)
    func column(_ step: Double) -> Int {
      let share = (step - steps.lowerBound) / (steps.upperBound - steps.lowerBound)
      return Int((share * Double(columns - 1)).rounded())
    }
    func row(_ rate: Double) -> Int {
      rows - 1 - Int((min(max(rate / top, 0), 1) * Double(rows - 1)).rounded())
    }
    if let current {
      for line in 0..<rows { cells[line][column(Double(current))] = "┊" }
    }
    for (place, curve) in curves.enumerated().reversed() {
      for point in curve.samples.points where point.rate.isFinite {
        cells[row(point.rate)][column(Double(point.step))] = place == 0 ? "•" : "·"
      }
    }
    let labels = [0: Self.rateLabel(top), rows - 1: "0"]
    var lines = cells.enumerated().map { index, line in
      let label = labels[index] ?? ""
      let text = String(line)
      return String(repeating: " ", count: max(0, 10 - label.count)) + label + " │" + text
    }
    lines.append(String(repeating: " ", count: 11) + "└" + String(repeating: "─", count: columns))
    let (first, last) = (Self.stepLabel(steps.lowerBound), Self.stepLabel(steps.upperBound))
    let gap = max(1, columns - first.count - last.count)
    lines.append(
      String(repeating: " ", count: 12) + first + String(repeating: " ", count: gap) + last
    )
    return lines
  }
}
