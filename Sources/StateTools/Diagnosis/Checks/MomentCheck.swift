internal import ByteIO
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// Whether the same gradients can have made both moments of a variable.
struct MomentCheck {
  private typealias Suspect = (variable: Variable, moments: MomentSurvey, m: Tensor, v: Tensor)

  /// What the findings are, in the order of the variables.
  let findings: [Finding]

  /// What would be a finding if it were certain that the optimizer is Adam's, `nil` where nothing would.
  let remark: String?

  /// Looks at the moments.
  ///
  /// - Parameters:
  ///   - subject: The state.
  ///   - others: What was found before; a second moment that is zero throughout is not reported again.
  /// - Throws: `StateError` when reading the moments of a suspicious variable again fails.
  init(_ subject: DiagnosisSubject, besides others: [Finding]) throws {
    let zero = Set(
      others.filter { $0.code == .zeroSlot && $0.slot == SlotName.secondMoment.rawValue }
        .compactMap { $0.variable.map(ExactName.init) }
    )
    let all = subject.entries.compactMap { variable, survey -> Suspect? in
      guard let moments = survey.moments, moments.beyond > 0,
        !zero.contains(ExactName(variable.name)),
        let m = variable[.firstMoment]?.tensor.tensor,
        let v = variable[.secondMoment]?.tensor.tensor
      else { return nil }
      return (variable, moments, m, v)
    }
    // Other optimizers keep means under the same words, which have another bound or none.
    let suspects = all.filter { !subject.survey.decays.isOptimizerAssumed(for: $0.variable) }
    let assumed = all.count - suspects.count
    remark =
      assumed == 0
      ? nil
      : "\(assumed) variables are beyond the bound that Adam's moments would have; which optimizer kept them is not known"
    let causes = try suspects.enumerated().map { place, suspect in
      // Naming the cause costs a reading of each candidate; among many, only their own are tried.
      let others = suspects.enumerated().filter { $0.offset != place }.map(\.element)
      return try Self.cause(suspect, others.count > 12 ? [] : others, subject.survey.decays)
    }
    let explanation = MomentExplanation(
      suspects.map { ($0.variable, $0.moments) },
      isWithoutCause: causes.allSatisfy { $0 == nil },
      subject
    )
    findings = zip(suspects, causes).map { Self.finding($0, $1, explanation, subject) }
  }

  private static func finding(
    _ suspect: Suspect,
    _ cause: String?,
    _ explanation: MomentExplanation?,
    _ subject: DiagnosisSubject
  ) -> Finding {
    let (variable, moments) = (suspect.variable, suspect.moments)
    let decays = subject.survey.decays
    var evidence = ""
    if let worst = moments.worst, let bound = decays.bound(of: variable.name) {
      let place = NumberCheck.index(worst.place, suspect.m.shape)
      let age = decays.age(of: variable)
      let limit = bound.ratio(after: age)
      let isYoung = worst.ratio <= bound.ratio
      evidence =
        "at \(place) \(SlotName.firstMoment) is \(Numbers.text(worst.first)) beside an "
        + "\(SlotName.secondMoment) of "
        + "\(Numbers.text(worst.second)): \(Numbers.text(worst.ratio)) times its root, where no gradients "
        + "give more than \(Numbers.text(isYoung ? limit : bound.ratio))"
        + (isYoung ? " within \(age ?? 0) updates" : "") + "; "
    }
    evidence +=
      "\(moments.beyond) of \(suspect.m.shape.elementCount) elements are beyond the bound for "
      + decays.explanation
    if let cause { evidence += ". " + cause }
    return Finding(
      .momentsDisagree,
      variable: variable.name,
      "\(SlotName.firstMoment) and \(SlotName.secondMoment) cannot come from the same gradients",
      evidence: evidence,
      consequence:
        "the next updates are up to \(Numbers.text(moments.largest)) times the learning rate "
        + "in single elements, in wrong proportions throughout",
      remedy: explanation?.remedy ?? subject.remedies.reset(variable.name),
      // Other decays have another bound; what is merely usual proves nothing.
      advice: explanation?.advice
        ?? (cause == nil && !decays.areCertain(for: variable.name)
          ? "first tell doctor the decays of the run with --optimizer; where this still stands, better convert again "
            + "from the source: the command makes the moments begin anew"
          : "better convert again from the source: the command makes the moments begin anew")
    )
  }

  /// How the moments came apart, where putting them together in another way makes them fit.
  private static func cause(
    _ suspect: Suspect,
    _ others: [Suspect],
    _ decays: SurveyedDecays
  ) throws -> String? {
    let (m, v) = (suspect.m, suspect.v)
    let variable = suspect.variable
    if try fit(variable, v, m, decays) { return "Swapped, the two fit each other" }
    if m.shape.rank == 2, let turned = try? v.transposed(), turned.shape == m.shape,
      try fit(variable, m, turned, decays)
    {
      return "With \(SlotName.secondMoment) transposed, the two fit each other"
    }
    for other in others where other.v.shape == m.shape {
      if try fit(variable, m, other.v, decays) {
        return
          "The \(SlotName.secondMoment) of \(other.variable.name) fits this \(SlotName.firstMoment)"
      }
    }
    return nil
  }

  /// Whether two tensors can be the moments of one variable.
  private static func fit(
    _ variable: Variable,
    _ m: Tensor,
    _ v: Tensor,
    _ decays: SurveyedDecays
  ) throws -> Bool {
    let limits = decays.limits(of: variable, m.elementType, v.elementType)
    let group = [m, v].map { NamedTensor(variable.name, $0) }
    let result = try unsafe TensorPass.mapGroups([group]) { _, first, parts in
      try unsafe FloatElements.with(parts[0], m.elementType) { one in
        try unsafe FloatElements.with(parts[1], v.elementType) { other in
          let survey = unsafe TensorSurvey(other, first: first, isSquare: true)
          let moments = unsafe MomentSurvey(
            one,
            other,
            first: first,
            rowLength: 0,
            limits: limits,
            epsilon: nil
          )
          return survey.negatives == 0 && survey.statistics.nan == 0 && moments.beyond == 0
        }
      }
    }
    return result[0].pieces.allSatisfy { $0 }
  }
}
