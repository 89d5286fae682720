internal import Tensors
internal import TrainingState

/// Whether there is something to resume from, and whether all of it could be judged.
struct AccountCheck {
  private let subject: DiagnosisSubject

  init(_ subject: DiagnosisSubject) {
    self.subject = subject
  }

  var findings: [Finding] {
    subject.state.contradictions.map(Self.contradiction) + subject.state.claims.map(Self.claim)
      + accountFindings
  }

  private var accountFindings: [Finding] {
    let account = subject.state.account
    if !account.unrecognized.isEmpty { return [unrecognized(account.unrecognized)] }
    let unowned = subject.state.unownedSlots
    if !unowned.isEmpty { return [self.unowned(unowned)] }
    let isBare =
      account.totals[.slot] == nil && account.totals[.step] == nil
      && account.totals[.optimizerTensor] == nil
    return isBare ? [nothing] : []
  }

  private static func contradiction(_ text: String) -> Finding {
    Finding(
      .contradictoryFiles,
      "files of the state contradict each other",
      evidence: text,
      consequence: "a resumed run takes some things from one of them and the rest from the other",
      remedy: nil,
      advice: "say the step that is meant with optstate set --step, which writes all of them anew"
    )
  }

  private static func claim(_ text: String) -> Finding {
    Finding(
      .contestedVariables,
      "several optimizers train one variable",
      evidence: text,
      consequence:
        "each moves it by moments that the other knows nothing of; no other format holds both",
      remedy: nil,
      advice: "take the parameters alone with optstate convert --only parameters"
    )
  }

  private func unrecognized(_ names: [String]) -> Finding {
    let shown = names.prefix(5).joined(separator: ", ")
    return Finding(
      .unrecognizedState,
      "there is an optimizer's state that is not known",
      evidence: "\(names.count) tensors or objects: \(shown)\(names.count > 5 ? " …" : "")",
      consequence: "nobody here can say whether they are sound, nor change them",
      remedy: "optstate kinds",
      advice: "look at them in the framework that wrote them; the command lists what is known"
    )
  }

  private func unowned(_ slots: [StateTensor]) -> Finding {
    var reason = "no order of the variables that is known has their shapes"
    if case .string(let orders) = subject.state.attributes[TrainingState.openOrder] {
      reason = "several orders of the variables have their shapes: " + orders
    }
    if case .string(let name) = subject.state.attributes[TrainingState.openName] {
      reason = "several variables are called '\(name)', and nothing says which of them is trained"
    }
    return Finding(
      .unrecognizedState,
      "nothing says which variables the slots belong to",
      evidence:
        "\(slots.count) slots by number: \(reason)",
      consequence: "nobody here can say whether they are sound, nor change them",
      remedy: nil,
      advice: subject.state.orderAdvice
    )
  }

  private var nothing: Finding {
    Finding(
      .nothingToResume,
      "the state has neither slots nor a step",
      evidence: "\(subject.state.variables.count) variables, none with a slot",
      consequence: "training would start with cold moments, and at step 0",
      remedy: subject.state.optimizer.map { subject.remedies.create($0) },
      advice:
        "where this is a released model, that is as it should be; else convert again from the source"
    )
  }
}
