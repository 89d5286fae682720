internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// The sections of a report on two states.
struct ComparisonSections {
  /// Rows that a chart, a list and a table have at most.
  private static let (chartRows, listRows, tableRows) = (60, 200, 2000)

  /// What is measured of a variable: itself and its two moments.
  private static let measures: [(slot: String?, title: String)] = [
    (nil, "parameters"), (SlotName.firstMoment.rawValue, "first moments"),
    (SlotName.secondMoment.rawValue, "second moments"),
  ]

  /// How far the parts of one variable, or of a layer, are apart.
  private struct Part {
    let name: String
    var distances: [TensorDistance?]

    var relative: [Double?] { distances.map { $0?.relative } }
  }

  private let comparison: Comparison
  private let variables: [Part]
  private let layers: [Part]

  init(_ comparison: Comparison) {
    self.comparison = comparison
    func gathered(_ key: (String) -> String) -> [Part] {
      var places: [ExactName: Int] = [:]
      var parts: [Part] = []
      for (variable, slot, distance) in comparison.distances {
        guard let measure = Self.measures.firstIndex(where: { $0.slot == slot }) else { continue }
        let name = key(variable)
        let place = places[ExactName(name)] ?? parts.count
        if place == parts.count {
          places[ExactName(name)] = place
          parts.append(Part(name: name, distances: Self.measures.map { _ in nil }))
        }
        var sum = parts[place].distances[measure] ?? TensorDistance()
        sum.add(distance)
        parts[place].distances[measure] = sum
      }
      return parts
    }
    variables = gathered { $0 }
    layers = gathered(LayerName.of).sorted { LayerName.precedes($0.name, $1.name) }
  }

  func write(to page: inout HTMLText) {
    states(&page)
    records(&page)
    movement(&page)
    drift(&page)
  }

  private func states(_ page: inout HTMLText) {
    func cells(_ title: String, _ text: (Comparison.Input) -> String) -> (
      cells: [String], isTold: Bool
    ) {
      let (one, other) = (text(comparison.inputs.first), text(comparison.inputs.second))
      return ([title, one, other], false)
    }
    page.section("The states") { page in
      page.table(
        ["", "first", "second"],
        [
          cells("path", \.path),
          cells("format") { $0.format },
          cells("global step") { $0.state.globalStep.map { "\($0.value)" } ?? "not in the file" },
          cells("variables") { "\($0.state.variables.count)" },
          cells("optimizer") { $0.state.optimizer?.description ?? "not in the file" },
          cells("schedule") { $0.state.schedule?.description ?? "not in the file" },
        ],
        isText: true
      )
      if let prefix = comparison.prefix {
        page.element(
          "p",
          class: "note",
          "All names of the \(prefix.isOfFirst ? "first" : "second") state begin with "
            + "'\(prefix.text)', which is left out here."
        )
      }
    }
  }

  /// What differs beside numbers: steps, records, and what only one state has.
  private func records(_ page: inout HTMLText) {
    let others = comparison.differences.filter { $0.kind != .value }
    page.section("Steps, records and what only one has", isLong: others.count > 12) { page in
      if others.isEmpty {
        page.element("p", class: "ok", "They are the same, and all tensors are in both.")
        return
      }
      page.table(
        ["where", "kind", "what"],
        others.prefix(Self.listRows).map { difference in
          let place = [difference.variable, difference.slot].compactMap(\.self)
            .joined(separator: "/")
          return (
            [place.isEmpty ? "the state" : place, difference.kind.rawValue, difference.message],
            false
          )
        },
        isText: true
      )
      if others.count > Self.listRows {
        page.element("p", class: "note", "and \(others.count - Self.listRows) more: optstate diff")
      }
    }
  }

  private func movement(_ page: inout HTMLText) {
    let chart = Chart.dots(
      layers.prefix(Self.chartRows).map { layer in
        Chart.Row(
          name: layer.name,
          values: zip(Chart.Series.allCases, zip(layer.relative, Self.measures)).map {
            ($0, $1.0, $1.1.title)
          }
        )
      },
      label: "Relative change of parameters and moments by layer"
    )
    page.section(
      "What moved, by layer",
      "Norm of the difference over the norm in the first state, over all elements of a layer, on a logarithmic axis."
    ) { page in
      if chart.isEmpty {
        page.element("p", class: "ok", "No parameter and no moment moved.")
        return
      }
      page.legend(zip(Chart.Series.allCases, Self.measures).map { ($0, $1.title) })
      page.chart(chart)
      if layers.count > Self.chartRows {
        page.element("p", class: "note", "and \(layers.count - Self.chartRows) more layers")
      }
    }
  }

  private func drift(_ page: inout HTMLText) {
    guard !variables.isEmpty else { return }
    let values = comparison.differences.filter { $0.kind == .value && $0.slot == nil }
    let counts = Dictionary(
      values.compactMap { one in one.variable.map { (ExactName($0), one.elements) } },
      uniquingKeysWith: { first, _ in first }
    )
    let deviations = PeerDeviation.all(of: variables.map { ($0.name, $0.relative) })
    let told = variables.indices.filter { deviations[$0] != nil }
    let rest = variables.indices.filter { deviations[$0] == nil }
    page.section(
      "Variables",
      told.isEmpty
        ? "None moved far more or less than its peers."
        : "Those that moved far more or less than their peers, the same part of the other layers, come first.",
      isLong: true
    ) { page in
      page.table(
        ["variable"] + Self.measures.map(\.title) + ["elements that differ", "against peers"],
        (told + rest).prefix(Self.tableRows).map { place in
          let variable = variables[place]
          let against = deviations[place].map {
            "\(Self.measures[$0.measure].title) × \(Numbers.short($0.factor))"
          }
          let count = counts[ExactName(variable.name)].flatMap(\.self)
          let cells =
            [variable.name] + variable.relative.map { Numbers.short($0) }
            + [count.map(String.init) ?? "0", against ?? "–"]
          return (cells, deviations[place] != nil)
        }
      )
      if variables.count > Self.tableRows {
        page.element("p", class: "note", "and \(variables.count - Self.tableRows) more")
      }
    }
  }
}
