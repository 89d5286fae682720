internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// The decays beta1 and beta2 of a state's moments: from its record, from TensorFlow's running powers, or
/// else the usual 0.9 and 0.999, which is then said.
struct MomentDecays: Sendable {
  private static let usual = (beta1: 0.9, beta2: 0.999)

  private let common: (beta1: Double, beta2: Double)
  private let own: [ExactName: (beta1: Double, beta2: Double)]
  private let isFactored: Bool
  private let kind: String?

  /// Updates that TensorFlow's `beta1_power` and `beta2_power` have seen, `nil` where there are none or
  /// where they do not tell.
  let powersStep: Int64?

  /// Where the numbers are from, one sentence.
  let explanation: String

  init(_ state: TrainingState) throws {
    isFactored = state.variables.contains { $0[.factoredRow] != nil || $0[.factoredColumn] != nil }
    kind = state.optimizer?.kind
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
    for group in record.groups where group.overrides["beta1"] != nil || group.overrides["beta2"] != nil {
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

  /// The bound on a variable's moments, `nil` where its decays have none.
  func bound(of name: String) -> MomentBound? {
    let (beta1, beta2) = own[ExactName(name)] ?? common
    return MomentBound(beta1: beta1, beta2: beta2)
  }

  /// What is no violation of the bound.
  func limits(of name: String, _ first: ElementType, _ second: ElementType) -> MomentLimits {
    guard let bound = bound(of: name) else { return MomentLimits(ratio: .infinity, room: 0x1p-126) }
    return MomentLimits(ratio: bound.limit(first, second), room: bound.room(second))
  }
}
