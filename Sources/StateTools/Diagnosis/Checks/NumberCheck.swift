internal import OptimizerCatalog
internal import Tensors
internal import TrainingState

/// Whether the numbers of each tensor are numbers that training can have made.
struct NumberCheck {
  private let subject: DiagnosisSubject

  init(_ subject: DiagnosisSubject) {
    self.subject = subject
  }

  var findings: [Finding] {
    subject.entries.flatMap { variable, survey -> [Finding] in
      var found: [Finding] = []
      if let value = survey.value {
        found += finite(variable, nil, value, variable.value?.tensor.shape)
      }
      for slot in variable.slots {
        guard let numbers = survey.slots[slot.name] else { continue }
        let shape = slot.tensor.tensor.shape
        found += finite(variable, slot.name, numbers, shape)
        found += negative(variable, slot.name, numbers, shape)
        found += zero(variable, slot.name, survey)
        found += underflow(variable, slot, survey)
      }
      return found
    }
  }

  private func finite(
    _ variable: Variable,
    _ slot: SlotName?,
    _ survey: TensorSurvey,
    _ shape: Shape?
  ) -> [Finding] {
    let statistics = survey.statistics
    let tensor = slot.flatMap { variable[$0]?.tensor } ?? variable.value
    let isHalf = tensor?.tensor.elementType == .float16
    // What is not known cannot be reset.
    let isKnown = slot.map { SlotDescription.of($0) != nil } ?? false
    let advice =
      slot == nil
      ? "go back to an earlier checkpoint: no command can restore a parameter"
      : "better convert again from a state that has the numbers"
    func finding(_ code: Finding.Code, _ what: String, _ count: Int, _ place: Int?) -> Finding? {
      guard count > 0 else { return nil }
      return Finding(
        code,
        variable: variable.name,
        slot: slot,
        "\(slot.map { "the slot \($0)" } ?? "the parameter") holds \(what)",
        evidence:
          "\(count) of \(statistics.count) elements, the first at \(Self.index(place, shape))"
          + (isHalf && code == .infinity
            ? "; float16 has nothing above 65504: the numbers overflowed" : ""),
        consequence: slot == nil
          ? "the model's output is NaN, and with the next update so is every parameter"
          : "the next update writes NaN into the parameter, and the one after into all others",
        remedy: isKnown ? subject.remedies.reset(variable.name) : nil,
        advice: isHalf && code == .infinity
          ? "keep the tensor in float32 or bfloat16, or scale the loss down; " + advice : advice
      )
    }
    return [
      finding(.nan, "NaN", statistics.nan, survey.firstNaN),
      finding(.infinity, "infinities", statistics.inf, survey.firstInfinite),
    ].compactMap(\.self)
  }

  private func negative(
    _ variable: Variable,
    _ slot: SlotName,
    _ survey: TensorSurvey,
    _ shape: Shape
  ) -> [Finding] {
    guard survey.negatives > 0 else { return [] }
    let (count, total) = (survey.negatives, survey.statistics.count)
    return [
      Finding(
        .negativeSecondMoment,
        variable: variable.name,
        slot: slot,
        "an average of squares is negative",
        evidence: "\(count) of \(total) elements of \(slot) are below zero, the first at "
          + "\(Self.index(survey.firstNegative, shape)), the least "
          + Numbers.text(survey.statistics.min)
          + (count * 4 > total
            ? "; so many are as in a first moment that was put in its place" : ""),
        consequence: "its square root is NaN, and so is the parameter after the next update",
        remedy: subject.remedies.reset(variable.name)
      )
    ]
  }

  private func zero(_ variable: Variable, _ slot: SlotName, _ survey: VariableSurvey) -> [Finding] {
    guard SlotDescription.of(slot)?.isMadeOfGradients == true,
      let numbers = survey.slots[slot], numbers.isZero,
      let step = subject.updates(of: slot, in: variable), step > 0,
      !Self.isPlaceholder(slot, variable)
    else { return [] }
    // Squares of tiny gradients vanish while their average does not.
    if slot == .secondMoment, let moments = survey.moments, moments.beyond == 0,
      survey.slots[.firstMoment]?.isZero == false
    {
      return []
    }
    let isAlone = variable.slots.contains { other in
      SlotDescription.of(other.name)?.isMadeOfGradients == true
        && survey.slots[other.name]?.isZero == false
    }
    let explodes = isAlone && SlotDescription.of(slot)?.isNeverNegative == true
    return [
      Finding(
        .zeroSlot,
        variable: variable.name,
        slot: slot,
        "the slot \(slot) is zero throughout",
        evidence: "all \(numbers.statistics.count) elements are zero after \(step) updates"
          + (isAlone ? ", the variable's other slots are not" : ""),
        consequence: explodes
          ? "the next update divides by epsilon alone and throws the parameter far away"
          : "training goes on with cold moments as if the \(step) updates had not been",
        remedy: subject.remedies.reset(variable.name),
        advice:
          "better convert again from a state that has the numbers: the command records that the moments begin anew"
      )
    ]
  }

  /// Squares that half precision has made zero beside first moments that it has not.
  private func underflow(_ variable: Variable, _ slot: Slot, _ survey: VariableSurvey) -> [Finding]
  {
    guard slot.name == .secondMoment, slot.tensor.tensor.elementType == .float16,
      let squares = survey.slots[.secondMoment], let first = survey.slots[.firstMoment],
      squares.statistics.zeros > first.statistics.zeros
    else { return [] }
    let lost = squares.statistics.zeros - first.statistics.zeros
    return [
      Finding(
        .underflow,
        variable: variable.name,
        slot: slot.name,
        "squares are too small for float16",
        evidence:
          "at least \(lost) of \(squares.statistics.count) elements are zero beside first moments that are not; "
          + "float16 has nothing below 6e-8, the square of 2.4e-4",
        consequence: "their next updates divide by epsilon alone and are many times too large",
        remedy: subject.remedies.reset(variable.name),
        advice: "keep second moments in float32 or bfloat16"
      )
    ]
  }

  /// Whether frameworks keep the slot for form's sake: beside factored means, or in their place.
  private static func isPlaceholder(_ slot: SlotName, _ variable: Variable) -> Bool {
    let isFactored = variable[.factoredRow] != nil || variable[.factoredColumn] != nil
    guard isFactored else { return false }
    return slot == .secondMoment || slot == .accumulator
      || (slot == .factoredRow || slot == .factoredColumn)
        && (variable.value?.tensor.shape.rank ?? 0 < 2
          || variable[slot]?.tensor.tensor.shape.rank == 0)
  }

  /// The place of an element along each axis.
  static func index(_ place: Int?, _ shape: Shape?) -> String {
    guard var rest = place, let shape else { return "an unknown place" }
    var index: [Int] = []
    for dimension in shape.dimensions.reversed() where dimension > 0 {
      index.insert(rest % dimension, at: 0)
      rest /= dimension
    }
    return "\(index)"
  }
}
