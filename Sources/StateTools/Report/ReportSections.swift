internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// The sections of a report, from what the state is to its single variables.
struct ReportSections {
  /// Rows that a chart or table has at most.
  private static let chartRows = 60
  private static let tableRows = 2000

  private let report: StateReport

  init(_ report: StateReport) {
    self.report = report
  }

  func write(to page: inout HTMLText) {
    state(&page)
    findings(&page)
    norms(&page)
    ratios(&page)
    updates(&page)
    rates(&page)
    variables(&page)
  }

  private func legend(_ page: inout HTMLText, _ entries: [(Chart.Series, String)]) {
    page.raw("<div class=\"legend\">")
    for (series, text) in entries {
      page.raw("<span><i class=\"b\(series.rawValue)\"></i>\(HTMLText.escaped(text))</span>")
    }
    page.raw("</div>\n")
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
      page.raw("<dl>")
      for (name, value) in rows {
        page.element("dt", name)
        page.element("dd", value)
      }
      page.raw("</dl>\n")
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
    let layers = report.layers.prefix(Self.chartRows)
    page.section(
      "Norms by layer",
      "Euclidean norms over all elements of a layer, on a logarithmic axis."
    ) { page in
      legend(
        &page,
        [(.first, "parameters"), (.second, "first moments"), (.third, "second moments")]
      )
      page.raw(
        Chart.dots(
          layers.map { layer in
            Chart.Row(
              name: layer.name,
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
    let bins = histogram.bins.enumerated().map {
      (RatioHistogram.lowerEdge(of: $0.offset), $0.element)
    }
    let used = bins.drop { $0.1 == 0 }.reversed().drop { $0.1 == 0 }.reversed().map {
      (edge: $0.0, count: $0.1)
    }
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
      page.raw(
        Chart.histogram(used, label: "Distribution of the ratio of the moments", marks: marks)
      )
    }
  }

  private func updates(_ page: inout HTMLText) {
    let rate = report.rates.rate ?? 1
    let step = max(report.rates.step ?? 0, 0)
    let inflation = step < .max ? report.rates.inflation(step + 1) ?? 1 : 1
    let layers = report.layers.filter { $0.stepNorm != nil && $0.valueNorm ?? 0 > 0 }
    guard !layers.isEmpty, rate > 0 else { return }
    page.section(
      "Update to weight",
      "Norm of the next update, as the moments are, over the norm of the parameters; weight decay is left "
        + "out. "
        + (report.rates.rate == nil ? "The learning rate is not known: per unit of it." : "")
    ) { page in
      legend(&page, [(.first, "with bias correction"), (.second, "without")])
      page.raw(
        Chart.dots(
          layers.prefix(Self.chartRows).map { layer in
            let ratio = rate * (layer.stepNorm ?? 0) / (layer.valueNorm ?? 1)
            return Chart.Row(
              name: layer.name,
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
      legend(&page, [(.first, "with bias correction"), (.second, "without")])
      page.raw(
        Chart.curves(
          curve.map { ($0.update, $0.corrected, $0.uncorrected) },
          label: "Effective learning rate with and without bias correction",
          mark: report.rates.step.map { (Double($0), "step \($0)") }
        )
      )
    }
  }

  private func variables(_ page: inout HTMLText) {
    let state = report.inspection.state
    let entries = Array(zip(state.variables, report.survey.variables).prefix(Self.tableRows))
    page.section("Variables", isLong: true) { page in
      page.raw("<div class=\"wide\"><table><thead><tr><th>variable</th><th>shape</th><th>‖p‖</th>")
      page.raw(
        "<th>‖m‖</th><th>‖v‖</th><th>max |m|/√v</th><th>rows without gradient</th></tr></thead>\n<tbody>\n"
      )
      for (variable, survey) in entries {
        let rows = survey.moments.flatMap {
          $0.untouchedRows.rowLength > 0 ? $0.untouchedRows.count : nil
        }
        let shape = variable.value?.tensor.shape ?? variable.slots.first?.tensor.tensor.shape
        let cells = [
          variable.name, shape.map { $0.dimensions.map(String.init).joined(separator: "×") } ?? "–",
          Numbers.short(survey.value?.statistics.norm),
          Numbers.short(survey.slots[.firstMoment]?.statistics.norm),
          Numbers.short(survey.slots[.secondMoment]?.statistics.norm),
          Numbers.short(survey.moments?.largest), rows.map { $0 == 0 ? "–" : "\($0)" } ?? "–",
        ]
        page.raw("<tr>" + cells.map { "<td>\(HTMLText.escaped($0))</td>" }.joined() + "</tr>\n")
      }
      page.raw("</tbody></table></div>\n")
      if state.variables.count > Self.tableRows {
        page.element("p", class: "note", "and \(state.variables.count - Self.tableRows) more")
      }
    }
  }
}
