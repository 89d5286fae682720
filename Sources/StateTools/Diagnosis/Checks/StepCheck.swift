internal import Tensors
internal import TrainingState

/// Whether everything that counts updates tells the same story as the moments.
struct StepCheck {
  private let subject: DiagnosisSubject

  init(_ subject: DiagnosisSubject) {
    self.subject = subject
  }

  var findings: [Finding] { zero + differing }

  private var zero: [Finding] {
    let warm = subject.entries.filter(subject.isWarm)
    guard let example = warm.first?.variable else { return [] }
    let own = warm.compactMap(\.variable.step).max() ?? 0
    let remedy =
      own > 0
      ? subject.remedies.setStep("\(own)")
      : subject.remedies.setStep("N")
    let advice =
      own > 0
      ? nil
      : "N is the number of updates behind the moments; to start anew in its place: "
        + subject.remedies.restart
    let consequence =
      "warm-up and schedule begin again, and a bias correction counted from here makes the next "
      + "updates several times too large"
    var found: [Finding] = []
    let isAtZero = subject.state.globalStep.map { $0.value <= 0 } ?? false
    if isAtZero || subject.survey.decays.powersStep == 0 {
      let what =
        isAtZero
        ? "the global step is \(subject.state.globalStep?.value ?? 0)"
        : "beta1_power and beta2_power stand at their beginning"
      found.append(
        Finding(
          .stepZero,
          "the step is zero beside warm moments",
          evidence: "\(what), and \(warm.count) variables have moments that are not zero, "
            + "such as \(example.name)",
          consequence: consequence,
          remedy: remedy,
          advice: advice
        )
      )
    }
    for entry in warm where entry.variable.step.map({ $0 <= 0 }) ?? false {
      found.append(
        Finding(
          .stepZero,
          variable: entry.variable.name,
          "the variable's step is zero beside warm moments",
          evidence: "its step is \(entry.variable.step ?? 0), and its moments are not zero",
          consequence: consequence,
          remedy: subject.remedies.reset(entry.variable.name)
        )
      )
    }
    return found
  }

  /// Variables whose step is not that of most.
  private var differing: [Finding] {
    let counted = subject.entries.filter { !$0.variable.slots.isEmpty }
    guard counted.contains(where: { $0.variable.step != nil }) else { return [] }
    let steps = counted.compactMap { $0.variable.step ?? subject.state.globalStep?.value }
    let counts = Dictionary(grouping: steps) { $0 }.mapValues(\.count)
    guard let usual = counts.max(by: { ($0.value, $0.key) < ($1.value, $1.key) }), counts.count > 1
    else { return [] }
    return counted.compactMap { entry -> Finding? in
      guard let step = entry.variable.step, step != usual.key else { return nil }
      // A variable that was reset counts from there, and one at zero is judged by its moments.
      if step <= 0 { return nil }
      return Finding(
        .stepsDiffer,
        variable: entry.variable.name,
        "the variable counts another number of updates than the others",
        evidence: "its step is \(step), that of \(usual.value) other variables \(usual.key)",
        consequence: "its bias correction is that of step \(step): its updates are "
          + "\(step < usual.key ? "larger" : "smaller") than those of the others",
        remedy: subject.remedies.setStep("\(usual.key)")
      )
    }
  }
}
