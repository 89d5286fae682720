internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// The sections of a report, from what the state is to its single variables.
struct ReportSections {
  /// Rows that a chart or table has at most.
  private static let chartRows = 60
  private static let tableRows = 2000

  /// Kinds of variables that have a histogram of their own.
  private static let kinds = 16

  private let report: StateReport

  /// Variables in which something was found.
  private let found: Set<ExactName>

  init(_ report: StateReport) {
    self.report = report
    found = Set(report.diagnosis.findings.compactMap { $0.variable.map(ExactName.init) })
  }

  /// Layers in which something was found.
  private var foundLayers: Set<ExactName> {
    Set(found.map { ExactName(LayerName.of($0.text)) })
  }

  func write(to page: inout HTMLText) {
    state(&page)
    findings(&page)
    norms(&page)
    ratios(&page)
    kinds(&page)
    updates(&page)
    rates(&page)
    variables(&page)
  }

  private func state(_ page: inout HTMLText) {
    let (inspection, state) = (report.inspection, report.inspection.state)
    let slots = inspection.slotCounts.sorted { $0.key < $1.key }
      .map { "\($0.key) \($0.value)/\(state.variables.count)" }.joined(separator: ", ")
    let types = inspection.typeCounts.sorted { $0.key.rawValue < $1.key.rawValue }
      .map { "\($0.key.rawValue) \($0.value)" }.joined(separator: ", ")
    let rows: [(String, String)] = [
      ("path", inspection.path),
      (
        "format",
        inspection.format == state.origin.format
          ? inspection.format : "\(inspection.format), from \(state.origin.format)"
      ),
      ("naming", state.naming ?? "none that is known"),
      ("global step", state.globalStep.map { "\($0.value)" } ?? "not in the file"),
      ("parameters", "\(inspection.parameterCount) in \(state.variables.count) variables"),
      ("bytes", "\(inspection.byteCount)"),
      ("slots", slots.isEmpty ? "none" : slots),
      ("element types", types),
      (
        "optimizer",
        (state.chosenOptimizer.map { "\($0): " } ?? "")
          + (state.optimizer?.description ?? "not in the file")
      ),
      ("schedule", state.schedule?.description ?? "not in the file"),
      ("rate of the next update", report.rates.rate.map(Numbers.short) ?? "not known"),
      ("decays", report.diagnosis.decays),
    ]
    page.section("The state") { page in
      page.list(rows)
    }
  }

  private func findings(_ page: inout HTMLText) {
    let findings = report.diagnosis.findings
    page.section("Findings", isLong: findings.count > 3) { page in
      if findings.isEmpty {
        let text = "Nothing was found in \(report.diagnosis.tensorCount) tensors."
        page.element("p", class: "ok", text)
        return
      }
      for finding in findings.prefix(Self.chartRows) {
        let place = [finding.variable, finding.slot].compactMap(\.self).joined(separator: "/")
        page.raw("<div class=\"finding\">")
        page.element("h3", place.isEmpty ? finding.message : "\(place): \(finding.message)")
        for (label, text) in [("Evidence", finding.evidence), ("Consequence", finding.consequence)]
        {
          page.raw("<p><b>\(label)</b> \(HTMLText.escaped(text))</p>")
        }
        if let advice = finding.advice {
          page.raw("<p><b>Advice</b> \(HTMLText.escaped(advice))</p>")
        }
        if let remedy = finding.remedy {
          page.raw("<p><b>Remedy</b> <code>\(HTMLText.escaped(remedy))</code></p>")
        }
        page.raw("</div>\n")
      }
      if findings.count > Self.chartRows {
        page.element(
          "p",
          class: "note",
          "and \(findings.count - Self.chartRows) more: optstate doctor --json"
        )
      }
    }
  }

  private func norms(_ page: inout HTMLText) {
    let (layers, marked) = (report.layers.prefix(Self.chartRows), foundLayers)
    page.section(
      "Norms by layer",
      "Euclidean norms over all elements of a layer, on a logarithmic axis."
    ) { page in
      page.legend([
        (.first, "parameters"), (.second, "first moments"), (.third, "second moments"),
      ])
      page.chart(
        Chart.dots(
          layers.map { layer in
            Chart.Row(
              name: layer.name,
              isMarked: marked.contains(ExactName(layer.name)),
              values: [
                (.first, layer.valueNorm, "parameters"),
                (.second, layer.firstNorm, "first moments"),
                (.third, layer.secondNorm, "second moments"),
              ]
            )
          },
          label: "Norms of parameters and moments by layer"
        )
      )
      more(&page)
    }
  }

  private func more(_ page: inout HTMLText) {
    guard report.layers.count > Self.chartRows else { return }
    page.element("p", class: "note", "and \(report.layers.count - Self.chartRows) more layers")
  }

  private func ratios(_ page: inout HTMLText) {
    var histogram = RatioHistogram()
    for survey in report.survey.variables {
      if let own = survey.moments?.histogram { histogram.add(own) }
    }
    let used = Self.used(histogram)
    guard !used.isEmpty else { return }
    var marks = [(value: 1.0, label: "1")]
    if let bound = report.survey.decays.bound(of: "")?.ratio {
      marks.append((bound, "bound \(Numbers.short(bound))"))
    }
    page.section(
      "Distribution of |m|/√v",
      "Share of the elements whose moments are not zero. A steady gradient gives 1, noise much less; no "
        + "gradients give more than the bound."
    ) { page in
      page.chart(
        Chart.histogram(used, label: "Distribution of the ratio of the moments", marks: marks)
      )
    }
  }

  private static func used(_ histogram: RatioHistogram) -> [(edge: Double, count: UInt64)] {
    let bins = histogram.bins.enumerated().map {
      (edge: RatioHistogram.lowerEdge(of: $0.offset), count: $0.element)
    }
    return bins.drop { $0.count == 0 }.reversed().drop { $0.count == 0 }.reversed()
  }

  private func kinds(_ page: inout HTMLText) {
    var order: [ExactName] = []
    var histograms: [ExactName: RatioHistogram] = [:]
    for (variable, survey) in zip(report.inspection.state.variables, report.survey.variables) {
      guard let own = survey.moments?.histogram else { continue }
      let part = ExactName(LayerName.part(of: variable.name))
      if histograms[part] == nil { order.append(part) }
      histograms[part, default: RatioHistogram()].add(own)
    }
    let rows = order.compactMap { part in
      histograms[part].map { (name: part.text, bins: Self.used($0)) }
    }
    .filter { !$0.bins.isEmpty }
    guard rows.count > 1 else { return }
    page.section(
      "|m|/√v by kind of variable",
      "The same distribution for each part of a layer, over all layers that have it."
    ) { page in
      page.chart(
        Chart.histograms(
          Array(rows.prefix(Self.kinds)),
          label: "Distribution of the ratio of the moments by kind of variable"
        )
      )
      if rows.count > Self.kinds {
        page.element("p", class: "note", "and \(rows.count - Self.kinds) more kinds")
      }
    }
  }

  private func updates(_ page: inout HTMLText) {
    let rate = report.rates.rate ?? 1
    let step = max(report.rates.step ?? 0, 0)
    let inflation = step < .max ? report.rates.inflation(step + 1) ?? 1 : 1
    let layers = report.layers.filter { $0.stepNorm != nil && $0.valueNorm ?? 0 > 0 }
    guard !layers.isEmpty, rate > 0 else { return }
    let marked = foundLayers
    page.section(
      "Update to weight",
      "Norm of the next update, as the moments are, over the norm of the parameters; weight decay is left "
        + "out. "
        + (report.rates.rate == nil ? "The learning rate is not known: per unit of it." : "")
    ) { page in
      page.legend([(.first, "with bias correction"), (.second, "without")])
      page.chart(
        Chart.dots(
          layers.prefix(Self.chartRows).map { layer in
            let ratio = rate * (layer.stepNorm ?? 0) / (layer.valueNorm ?? 1)
            return Chart.Row(
              name: layer.name,
              isMarked: marked.contains(ExactName(layer.name)),
              values: [(.second, ratio, "without"), (.first, ratio / inflation, "with correction")]
            )
          },
          label: "Ratio of update to weight by layer",
          mark: report.rates.rate == nil ? nil : (1e-3, "10⁻³, a customary ratio")
        )
      )
    }
  }

  private func rates(_ page: inout HTMLText) {
    let curve = report.rates.curve
    guard curve.count > 1, report.survey.variables.contains(where: { $0.moments != nil }) else {
      return
    }
    let isAbsolute = report.rates.isAbsolute
    page.section(
      isAbsolute ? "Effective learning rate" : "Effective learning rate, relative",
      "What the scheduled rate amounts to, by the number of the update: an optimizer without bias "
        + "correction makes early updates too large by (1 − β₁ᵗ)/√(1 − β₂ᵗ)."
    ) { page in
      page.legend([(.first, "with bias correction"), (.second, "without")])
      page.chart(
        Chart.curves(
          curve.map { ($0.update, $0.corrected, $0.uncorrected) },
          label: "Effective learning rate with and without bias correction",
          mark: report.rates.step.map { (Double($0), "step \($0)") }
        )
      )
    }
  }

  private func variables(_ page: inout HTMLText) {
    let entries = Array(zip(report.inspection.state.variables, report.survey.variables))
    let measures = ["‖p‖", "‖m‖", "‖v‖"]
    let deviations = PeerDeviation.all(
      of: entries.map { variable, survey in
        let count = Double(variable.value?.tensor.shape.elementCount ?? 0).squareRoot()
        return (variable.name, Self.norms(survey).map { $0.map { $0 / count } })
      }
    )
    let isFound = entries.map { found.contains(ExactName($0.0.name)) }
    let first = entries.indices.filter { isFound[$0] }
    let second = entries.indices.filter { !isFound[$0] && deviations[$0] != nil }
    let rest = entries.indices.filter { !isFound[$0] && deviations[$0] == nil }
    let isSorted = !(first + second).isEmpty
    page.section(
      "Variables",
      isSorted
        ? "Those in which something was found come first, then those that are far from their peers, as root mean squares."
        : nil,
      isLong: true
    ) { page in
      page.table(
        [
          "variable", "shape", "‖p‖", "‖m‖", "‖v‖", "max |m|/√v", "rows without gradient",
          "against peers",
        ],
        (first + second + rest).prefix(Self.tableRows).map { place in
          let (variable, survey) = entries[place]
          let rows = survey.moments.flatMap {
            $0.untouchedRows.rowLength > 0 ? $0.untouchedRows.count : nil
          }
          let shape = variable.value?.tensor.shape ?? variable.slots.first?.tensor.tensor.shape
          let cells =
            [
              variable.name,
              shape.map { $0.dimensions.map(String.init).joined(separator: "×") } ?? "–",
            ] + Self.norms(survey).map { Numbers.short($0) } + [
              Numbers.short(survey.moments?.largest), rows.map { $0 == 0 ? "–" : "\($0)" } ?? "–",
              deviations[place].map { "\(measures[$0.measure]) × \(Numbers.short($0.factor))" }
                ?? "–",
            ]
          return (cells, isFound[place])
        }
      )
      if entries.count > Self.tableRows {
        page.element("p", class: "note", "and \(entries.count - Self.tableRows) more")
      }
    }
  }

  /// Norms of value and moments.
  private static func norms(_ survey: VariableSurvey) -> [Double?] {
    [
      survey.value?.statistics.norm, survey.slots[.firstMoment]?.statistics.norm,
      survey.slots[.secondMoment]?.statistics.norm,
    ]
  }
}
