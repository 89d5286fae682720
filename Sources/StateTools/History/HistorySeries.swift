/// One number of one layer or variable over the checkpoints of a run.
struct HistorySeries: Sendable {
  /// What is followed.
  enum Measure: String, CaseIterable, Sendable {
    case movement
    case effectiveRate
    case values
    case firstMoments
    case secondMoments

    /// The measure as a title.
    var title: String {
      switch self {
      case .movement: "Update to weight"
      case .effectiveRate: "Effective learning rate"
      case .values: "Norms of the parameters"
      case .firstMoments: "Norms of the first moments"
      case .secondMoments: "Norms of the second moments"
      }
    }

    /// What it is, in a sentence.
    var note: String {
      switch self {
      case .movement:
        "How far the parameters came since the checkpoint before, per update, over their norm; estimated to 4 %."
      case .effectiveRate:
        "How far the parameters came per update, over the norm of m/(√v + ε): the learning rate, as far as updates agree."
      case .values, .firstMoments, .secondMoments: "Euclidean norms over all elements of a layer."
      }
    }
  }

  let measure: Measure
  /// The layer or variable.
  let name: String

  /// One number for each checkpoint, `nil` where it has none.
  let values: [Double?]

  /// All series of a run's checkpoints, in the order of their steps.
  ///
  /// - Parameters:
  ///   - entries: The checkpoints, of one model.
  ///   - parts: Their layers, or their variables.
  /// - Returns: A series for each measure of each part.
  static func all(
    of entries: [StateHistory.Entry],
    _ parts: (StateHistory.Entry) -> [LayerSummary]
  ) -> [HistorySeries] {
    guard let first = entries.first else { return [] }
    return Measure.allCases.flatMap { measure in
      parts(first).enumerated().map { part, summary in
        HistorySeries(
          measure: measure,
          name: summary.name,
          values: entries.indices.map { place in
            let before = place > 0 ? entries[place - 1] : nil
            return value(
              measure,
              parts(entries[place])[part],
              before.map { parts($0)[part] },
              updates: before?.step.flatMap { last in entries[place].step.map { $0 - last } }
            )
          }
        )
      }
    }
  }

  private static func value(
    _ measure: Measure,
    _ own: LayerSummary,
    _ before: LayerSummary?,
    updates: Int64?
  ) -> Double? {
    switch measure {
    case .values: return own.valueNorm
    case .firstMoments: return own.firstNorm
    case .secondMoments: return own.secondNorm
    case .movement, .effectiveRate:
      guard let before, let updates, updates > 0, let distance = own.distance(to: before) else {
        return nil
      }
      let base = measure == .movement ? own.valueNorm : before.stepNorm
      return base.flatMap { $0 > 0 ? distance / Double(updates) / $0 : nil }
    }
  }
}
