internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// Whether every variable has the slots that its optimizer keeps, in shapes that belong to it.
struct SlotCheck {
  private let subject: DiagnosisSubject
  private let expectations: SlotExpectations

  init(_ subject: DiagnosisSubject) {
    self.subject = subject
    expectations = SlotExpectations(subject.state, subject.survey.optimizer.optimizer)
  }

  var findings: [Finding] {
    subject.state.variables.flatMap { missing($0) + shapes($0) } + values + all
  }

  private func missing(_ variable: Variable) -> [Finding] {
    let absent = expectations.missing(of: variable)
    let has = variable.slots.map(\.name.rawValue).joined(separator: ", ")
    return absent.names.map { slot in
      Finding(
        .missingSlot,
        variable: variable.name,
        slot: slot,
        "the slot \(slot) is missing",
        evidence: "the variable has \(has.isEmpty ? "no slot" : has); \(absent.reason)",
        consequence:
          "a framework refuses to restore the variable's slots, or starts \(slot) at zero: "
          + (slot == .secondMoment || slot == .meanSquare
            ? "the next updates are many times too large"
            : "the variable's updates change abruptly"),
        remedy: subject.remedies.parametersOnly,
        advice:
          "better convert again from a state that still has the slot: the command leaves all moments behind"
      )
    }
  }

  /// A state whose record names an optimizer with slots, and that has none at all.
  private var all: [Finding] {
    guard let slots = expectations.recordedButAbsent, let step = subject.state.globalStep?.value,
      step > 0, let kind = subject.state.optimizer?.kind, subject.state.unownedSlots.isEmpty
    else { return [] }
    let names = slots.map(\.rawValue).joined(separator: " and ")
    return [
      Finding(
        .missingSlot,
        "no variable has any slot",
        evidence: "the optimizer '\(kind)' keeps \(names), and \(step) updates were applied",
        consequence: "training goes on with cold moments, and the loss jumps",
        remedy: subject.state.optimizer.map { subject.remedies.create($0) }
          ?? subject.remedies.parametersOnly,
        advice:
          "better convert again from a state with slots: the command makes moments that begin anew"
      )
    ]
  }

  private var values: [Finding] {
    let variables = subject.state.variables
    // What is known by number has its value under a name.
    let numbered = Set(subject.state.numberedSlots.map { ExactName($0.name) })
    let bare = variables.filter { $0.value == nil && !numbered.contains(ExactName($0.name)) }
    // An optimizer's own file has no values at all.
    guard bare.count * 2 < variables.count else { return [] }
    return bare.map { variable in
      Finding(
        .missingValue,
        variable: variable.name,
        "the variable has slots and no value",
        evidence: "\(variables.count - bare.count) of \(variables.count) variables have one",
        consequence: "nothing can be restored into the model for it",
        remedy: nil,
        advice: "convert again from a state that has the value; no command can make it up"
      )
    }
  }

  private func shapes(_ variable: Variable) -> [Finding] {
    guard let shape = variable.value?.tensor.shape else { return [] }
    let isFactored = variable[.factoredRow] != nil || variable[.factoredColumn] != nil
    return variable.slots.compactMap { slot in
      let found = slot.tensor.tensor.shape
      guard !Self.fits(found, slot.name, shape, isFactored: isFactored) else { return nil }
      let isTurned = found.dimensions == Array(shape.dimensions.reversed())
      return Finding(
        .shapeMismatch,
        variable: variable.name,
        slot: slot.name,
        "the slot's shape does not belong to the variable",
        evidence: "the variable is \(shape), the slot \(found)"
          + (isTurned ? ": one of them was transposed" : ""),
        consequence:
          "a framework refuses the slot; one that reshapes it updates every element with "
          + "the moments of another",
        remedy: subject.remedies.parametersOnly,
        advice:
          "better convert again from the source under one naming: the command leaves all moments behind"
      )
    }
  }

  private static func fits(
    _ found: Shape,
    _ slot: SlotName,
    _ shape: Shape,
    isFactored: Bool
  ) -> Bool {
    if let own = SlotDescription.of(slot), own.form == .elementwise {
      if own.mayBeOneZero, found.elementCount == 1 { return true }
      // A factored variable may keep a single element in place of its second moment.
      return found == shape || isFactored && found.elementCount <= 1
    }
    guard slot == .factoredRow || slot == .factoredColumn, shape.rank >= 2 else { return true }
    // The means run over one axis, which is left out or kept with one element.
    let axes = found.dimensions
    return found.elementCount <= 1
      || shape.dimensions.indices.contains { axis in
        var rest = shape.dimensions
        rest.remove(at: axis)
        var kept = shape.dimensions
        kept[axis] = 1
        return axes == rest || axes == kept
      }
  }
}
