internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// The decays beta1 and beta2 of a state's moments: from its record, from TensorFlow's running powers, or
/// else the usual 0.9 and 0.999, which is then said.
struct SurveyedDecays: Sendable {
  private static let usual = (beta1: 0.9, beta2: 0.999)

  private let common: (beta1: Double, beta2: Double)
  private let own: [ExactName: (beta1: Double, beta2: Double)]
  private let isFactored: Bool
  private let kind: String?

  private let globalStep: Int64?

  /// Updates that TensorFlow's `beta1_power` and `beta2_power` have seen, `nil` where there are none or
  /// where they do not tell.
  let powersStep: Int64?

  /// Where the numbers are from, one sentence.
  let explanation: String

  init(_ state: TrainingState) throws {
    isFactored = state.variables.contains { $0[.factoredRow] != nil || $0[.factoredColumn] != nil }
    kind = state.optimizer?.kind
    globalStep = state.globalStep?.value
    let powers = try BetaPowerReading(state)
    powersStep = powers?.step
    func pair(_ values: [String: HyperparameterValue], _ rest: (beta1: Double, beta2: Double))
      -> (beta1: Double, beta2: Double)
    {
      (values["beta1"]?.number ?? rest.beta1, values["beta2"]?.number ?? rest.beta2)
    }
    let fallback = powers.map { ($0.beta1, $0.beta2) } ?? Self.usual
    guard let record = state.optimizer else {
      common = fallback
      own = [:]
      explanation =
        "beta1 \(fallback.0) and beta2 \(fallback.1), "
        + (powers == nil
          ? "the usual ones: the state does not record them; pass --optimizer where they were others"
          : "told by the state's beta1_power and beta2_power")
      return
    }
    let hyperparameters = record.hyperparameters
    let common = pair(hyperparameters, fallback)
    self.common = common
    var own: [ExactName: (beta1: Double, beta2: Double)] = [:]
    for group in record.groups
    where group.overrides["beta1"] != nil || group.overrides["beta2"] != nil {
      for member in group.members { own[ExactName(member)] = pair(group.overrides, common) }
    }
    self.own = own
    let isRecorded = hyperparameters["beta1"] != nil && hyperparameters["beta2"] != nil
    explanation =
      "beta1 \(common.beta1) and beta2 \(common.beta2), "
      + (isRecorded
        ? "from the record of '\(record.kind)'"
        : "the usual ones where the record of '\(record.kind)' names none")
  }

  /// Whether a variable's `adam_m` and `adam_v` average the same gradients.
  func belongTogether(in variable: Variable) -> Bool {
    // Adafactor's first moment averages updates; AdaX' and Adamax' second one is another slot.
    !isFactored && kind != RuleKind.adafactor.rawValue && kind != RuleKind.lion.rawValue
      && variable[.growingSecondMoment] == nil
  }

  /// Updates that a variable has seen, as far as anything counts them.
  func clock(of variable: Variable) -> Int64? {
    variable.step ?? powersStep ?? globalStep
  }

  /// The bound on a variable's moments, `nil` where its decays have none.
  func bound(of name: String) -> MomentBound? {
    let (beta1, beta2) = own[ExactName(name)] ?? common
    return MomentBound(beta1: beta1, beta2: beta2)
  }

  /// What is no violation of the bound on a variable's moments.
  func limits(of variable: Variable, _ first: ElementType, _ second: ElementType) -> MomentLimits {
    guard let bound = bound(of: variable.name) else { return .none }
    return MomentLimits(
      ratio: bound.limit(first, second, updates: age(of: variable)),
      room: bound.room(second)
    )
  }

  /// Updates that the moments can have seen at most, `nil` where that is not known or where a correction
  /// was folded into them, so that they no longer begin at zero.
  func age(of variable: Variable) -> Int64? {
    let histories = [variable[.firstMoment], variable[.secondMoment]].compactMap { $0?.history }
    guard let count = clock(of: variable), !histories.contains(where: \.isFolded) else {
      return nil
    }
    let (age, overflow) = count.subtractingReportingOverflow(histories.map(\.start).min() ?? 0)
    // A step of zero beside warm moments is another finding.
    return overflow || age <= 0 ? nil : age
  }
}
