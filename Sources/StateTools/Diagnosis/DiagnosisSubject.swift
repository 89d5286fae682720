internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// A surveyed state with what several checks want to know of it.
struct DiagnosisSubject {
  let survey: StateSurvey
  let remedies: Remedies

  var state: TrainingState { survey.state }

  init(_ survey: StateSurvey, remedies: Remedies) {
    self.survey = survey
    self.remedies = remedies
  }

  /// Variables with their surveys.
  var entries: [(variable: Variable, survey: VariableSurvey)] {
    Array(zip(survey.state.variables, survey.variables)).map { ($0, $1) }
  }

  /// Updates that a slot has seen since it began, as far as anything counts them.
  func updates(of slot: SlotName, in variable: Variable) -> Int64? {
    guard let count = survey.decays.clock(of: variable) else { return nil }
    let (updates, overflow) = count.subtractingReportingOverflow(variable[slot]?.history.start ?? 0)
    return overflow ? nil : updates
  }

  /// Whether a variable's slots have seen gradients: one that begins at zero no longer is.
  func isWarm(_ entry: (variable: Variable, survey: VariableSurvey)) -> Bool {
    entry.survey.slots.contains { name, slot in
      guard let description = SlotDescription.of(name), description.isMadeOfGradients else {
        return false
      }
      // Some may begin at a number other than zero, the same throughout.
      return description.beginning == .number(0)
        ? slot.statistics.count > 0 && !slot.isZero
        : slot.statistics.count > 1 && !slot.isConstant
    }
  }

  /// How tight the moments are.
  var tightness: [Diagnosis.Tightness] {
    entries.compactMap { variable, survey in
      survey.moments.map { moments in
        Diagnosis.Tightness(
          variable: variable.name,
          largestRatio: moments.largest,
          bound: self.survey.decays.bound(of: variable.name)?.ratio,
          untouchedRows: moments.untouchedRows.rowLength > 0 ? moments.untouchedRows.count : nil
        )
      }
    }
  }
}
