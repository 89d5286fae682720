internal import ByteIO

/// One HTML page that shows the checkpoints of a run: curves by layer, and what changed them first.
public struct HistoryReport: Sendable {
  /// Lines that are listed or drawn in one place.
  private static let shown = 60

  private let history: StateHistory

  /// Makes a page of a history.
  ///
  /// - Parameter history: The history.
  public init(_ history: StateHistory) {
    self.history = history
  }

  /// The page.
  public var html: String {
    let sound = history.entries.filter { $0.problem == nil }
    let steps = sound.compactMap(\.step)
    let span = steps.isEmpty ? "" : ", steps \(steps[0]) to \(steps[steps.count - 1])"
    let lead = "\(history.entries.count) checkpoints\(span)"
    return ReportPage(FileSystem.name(of: history.path), lead: lead).html { page in
      changes(&page)
      for measure in HistorySeries.Measure.allCases { curves(measure, steps, &page) }
      checkpoints(&page)
    }
  }

  /// Writes the page to a file, complete or not at all.
  ///
  /// - Parameters:
  ///   - path: The file to make.
  ///   - overwrite: Whether an existing file may be replaced.
  /// - Throws: `StateError` with code `exists`, `cannotCreate` or `inputOutput`.
  public func write(to path: String, overwrite: Bool = false) throws {
    try ReportPage.write(html, to: path, overwrite: overwrite)
  }

  private func changes(_ page: inout HTMLText) {
    page.section(
      "What changed the course",
      "Numbers of variables that left what the checkpoints before had led to, the earliest first.",
      isLong: history.changes.count > 4
    ) { page in
      if history.changes.isEmpty {
        page.element("p", class: "ok", "No number of any variable left its course.")
      }
      for change in history.changes.prefix(Self.shown) {
        page.raw("<div class=\"finding\">")
        page.element("h3", change.sentence)
        let names = change.variables.prefix(8).joined(separator: ", ")
        let more = change.variables.count > 8 ? " and \(change.variables.count - 8) more" : ""
        page.element("p", "\(names)\(more)")
        page.raw("</div>\n")
      }
    }
  }

  private func curves(_ measure: HistorySeries.Measure, _ steps: [Int64], _ page: inout HTMLText) {
    let own = history.layers.filter { $0.measure == measure }
    let changed = history.changes.filter { $0.measure == measure.title }
    let told = Set(
      changed.filter { $0.variables.count < $0.variableCount }.flatMap { $0.variables.prefix(8) }
    )
    let apart = history.variables.filter { $0.measure == measure && told.contains($0.name) }
    func line(_ series: HistorySeries, isTold: Bool) -> Chart.Line {
      Chart.Line(
        name: series.name,
        isTold: isTold,
        points: zip(steps, series.values).compactMap { step, value in
          value.flatMap { $0 > 0 && $0.isFinite ? (Double(step), $0) : nil }
        }
      )
    }
    let lines =
      own.prefix(Self.shown).map { line($0, isTold: false) }
      + apart.prefix(Self.shown).map { line($0, isTold: true) }
    let chart = Chart.lines(
      lines,
      label: measure.title + " by layer, over the steps",
      marks: Set(changed.map(\.step)).sorted().map(Double.init)
    )
    guard !chart.isEmpty else { return }
    page.section(measure.title, measure.note) { page in
      if let one = apart.first {
        page.raw("<div class=\"legend\"><span><i class=\"bt\"></i>")
        let more = apart.count > 1 ? " and \(apart.count - 1) more" : ""
        page.raw("\(HTMLText.escaped(one.name + more)), which left its course</span></div>\n")
      }
      page.chart(chart)
      if own.count > Self.shown {
        page.element("p", class: "note", "and \(own.count - Self.shown) more layers")
      }
    }
  }

  private func checkpoints(_ page: inout HTMLText) {
    page.section("Checkpoints", isLong: true) { page in
      let rows = history.entries.map { entry in
        [entry.name, entry.step.map { "\($0)" } ?? "–", entry.format ?? "–", entry.problem ?? "–"]
      }
      page.table(
        ["name", "step", "format", "left out, because"],
        zip(rows, history.entries).map { ($0, $1.problem != nil) },
        isText: true
      )
    }
  }
}
