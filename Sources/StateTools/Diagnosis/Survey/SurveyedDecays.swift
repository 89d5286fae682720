internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// The decays of a state's moments, and what follows from them for the moments.
struct SurveyedDecays: Sendable {
  private let optimizer: ResolvedOptimizer
  private let isFactored: Bool
  private let globalStep: Int64?
  private let unbounded: Set<ExactName>

  /// Updates that TensorFlow's `beta1_power` and `beta2_power` have seen, `nil` where there are none or
  /// where they do not tell.
  var powersStep: Int64? { optimizer.powers?.step }

  init(_ state: TrainingState, _ optimizer: ResolvedOptimizer) {
    self.optimizer = optimizer
    isFactored = state.variables.contains { $0[.factoredRow] != nil || $0[.factoredColumn] != nil }
    globalStep = state.globalStep?.value
    unbounded = Set(
      state.variables.filter { Self.squaresRepeatedSlices(of: $0, in: state) }
        .map { ExactName($0.name) }
    )
  }

  /// Whether a gradient of slices may be squared slice by slice, so that an id *n* times in a batch gives the first moment
  /// the sum of *n* slices and the second one the sum of their squares.
  ///
  /// Keras 3 does so with embeddings; TensorFlow's own optimizers and tf_keras add slices of one id first.
  private static func squaresRepeatedSlices(of variable: Variable, in state: TrainingState) -> Bool
  {
    guard variable.value?.tensor.shape.rank ?? 2 >= 2,
      variable.name.lowercased().contains("embed")
    else { return false }
    if case .string(let version)? = state.attributes["keras.version"] {
      return version.hasPrefix("3.")
    }
    if state.origin.framework == .keras { return true }
    // A Keras optimizer in an object graph has lists of slots; those that the graph pairs itself add slices first.
    let place = variable[.firstMoment]?.tensor.sourceName ?? ""
    return state.origin.format == "tensorflow-object" && !place.contains(".OPTIMIZER_SLOT")
  }

  private func betas(of variable: String) -> (beta1: Resolved<Double>, beta2: Resolved<Double>) {
    (optimizer.beta(.beta1, for: variable), optimizer.beta(.beta2, for: variable))
  }

  /// Whether nothing about a variable's decays is taken for granted.
  func areCertain(for variable: String) -> Bool {
    let (beta1, beta2) = betas(of: variable)
    return beta1.provenance.isCertain && beta2.provenance.isCertain
  }

  /// Whether nothing but the words for a variable's slots, which many optimizers share, says whose they are: neither a
  /// record nor a word with an optimizer's name in it.
  func isOptimizerAssumed(for variable: Variable) -> Bool {
    guard optimizer.record == nil else { return false }
    return [SlotName.firstMoment, .secondMoment].contains { slot in
      guard let tensor = variable[slot]?.tensor else { return false }
      let word = (tensor.sourceName ?? tensor.name).lowercased()
      return !OptimizerCatalog.all.contains { word.contains($0.kind) }
    }
  }

  /// Where the numbers are from, one sentence.
  var explanation: String {
    let (beta1, beta2) = betas(of: "")
    let kind = optimizer.record?.kind ?? ""
    let source =
      if beta1.provenance == .said && beta2.provenance == .said {
        "from the record of '\(kind)'"
      } else if beta1.provenance == .proved && beta2.provenance == .proved {
        "told by the state's beta1_power and beta2_power"
      } else if optimizer.record != nil {
        "the usual ones where the record of '\(kind)' names none"
      } else {
        "the usual ones: the state does not record them; pass --optimizer where they were others"
      }
    return "beta1 \(beta1.value) and beta2 \(beta2.value), \(source)"
  }

  /// Whether a variable's `adam_m` and `adam_v` average the same gradients.
  func belongTogether(in variable: Variable) -> Bool {
    // Adafactor's first moment averages updates; AdaX' and Adamax' second one is another slot.
    // Numbers that were rounded to one of 256 keep to no bound.
    let areExact = variable.slots.allSatisfy { $0.tensor.tensor.quantization == nil }
    return !isFactored && hasAdamsMoments(variable.name) && areExact
      && variable[.growingSecondMoment] == nil
  }

  /// Whether a variable's optimizer, where it is known, keeps two decayed means of the same gradients.
  private func hasAdamsMoments(_ variable: String) -> Bool {
    optimizer.kind(for: variable)
      .flatMap { OptimizerCatalog.description(of: $0) }?.hasAdamsMoments ?? true
  }

  /// Updates that a variable has seen, as far as anything counts them.
  func clock(of variable: Variable) -> Int64? {
    variable.step ?? powersStep ?? globalStep
  }

  /// The bound on a variable's moments, `nil` where its decays have none.
  func bound(of name: String) -> MomentBound? {
    if unbounded.contains(ExactName(name)) { return nil }
    let (beta1, beta2) = betas(of: name)
    return MomentBound(beta1: beta1.value, beta2: beta2.value)
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
