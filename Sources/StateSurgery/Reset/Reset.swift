internal import ByteIO
internal import OptimizerCore
internal import StateConversion
internal import StateTools
public import Tensors
public import TrainingState

/// Slots put back to what they were before the first update.
///
/// Moments become zero, TensorFlow's mean square of RMSProp one, Adagrad's accumulator the value that
/// the record gives; slow and averaged weights become the weights. The count at which this was done
/// is kept in the slots' histories, so that a correction of bias counts from it.
public struct Reset: Sendable {
  /// What becomes of the counts.
  public enum Step: Sendable, Hashable {
    /// They stay.
    case keep
    /// Everything that counts is set: the global step, the selected variables' own steps, and
    /// TensorFlow's powers of beta.
    case set(Int64)
  }

  /// The slots to reset, `nil` for all.
  public var slots: Set<SlotName>?

  /// What becomes of the counts.
  public var step: Step

  /// The value of slots of which the state does not say at what value they begin.
  public var initialValue: Double?

  /// Whether a second moment may be zeroed while the first one stays.
  public var allowsExplosion: Bool

  /// Decays for TensorFlow's powers where the state does not say them.
  public var betas: (beta1: Double?, beta2: Double?)

  /// Describes a reset.
  ///
  /// - Parameters:
  ///   - slots: The slots to reset, `nil` for all.
  ///   - step: What becomes of the counts.
  ///   - initialValue: The value of slots that begin at one that is not known.
  ///   - allowsExplosion: Whether a second moment may be zeroed while the first one stays.
  ///   - betas: Decays where the state does not say them.
  public init(
    slots: Set<SlotName>? = nil,
    step: Step = .keep,
    initialValue: Double? = nil,
    allowsExplosion: Bool = false,
    betas: (beta1: Double?, beta2: Double?) = (nil, nil)
  ) {
    self.slots = slots
    self.step = step
    self.initialValue = initialValue
    self.allowsExplosion = allowsExplosion
    self.betas = betas
  }

  /// Resets a state, all of its optimizers where it has several and none is chosen.
  ///
  /// - Parameters:
  ///   - state: The state.
  ///   - isSelected: Chooses variables by name; an optimizer of which it chooses none stays as it is.
  /// - Returns: The changed state and what was done, by optimizer.
  /// - Throws: `StateError` as ``apply(to:isSelected:)``.
  public func applyToAll(
    _ state: TrainingState,
    isSelected: (String) -> Bool = { _ in true }
  ) throws -> (state: TrainingState, reports: [(optimizer: String?, report: ResetReport)]) {
    var names = state.chosenOptimizer == nil ? state.optimizers.map(\.name) : []
    names = names.filter { name in
      let members = state.optimizers.first { $0.name == name }?.members ?? []
      return members.contains(where: isSelected)
    }
    guard !names.isEmpty else {
      let (changed, report) = try apply(to: state, isSelected: isSelected)
      return (changed, [(state.chosenOptimizer, report)])
    }
    var copy = state
    var reports: [(String?, ResetReport)] = []
    for name in names {
      let chosen = try copy.choosing(name)
      let members = chosen.optimizers.first { $0.name == name }?.members ?? []
      let own = Set(members.map(ExactName.init))
      let (changed, report) = try apply(to: chosen) {
        own.contains(ExactName($0)) && isSelected($0)
      }
      copy = changed.whole
      reports.append((name, report))
    }
    return (copy, reports)
  }

  /// Resets a state; no tensor is read, but for first moments that would be left without their second.
  ///
  /// - Parameters:
  ///   - state: The state.
  ///   - isSelected: Chooses variables by name.
  /// - Returns: The changed state and what was done.
  /// - Throws: `StateError` with code `unsupported` when nothing is selected, a slot begins at a value
  ///   that is not known, the next update would explode, or the state has several optimizers and none is
  ///   chosen; `invalidArgument` for a negative step.
  public func apply(
    to state: TrainingState,
    isSelected: (String) -> Bool = { _ in true }
  ) throws -> (state: TrainingState, report: ResetReport) {
    try state.checkIsOfOneOptimizer()
    try state.refuseUnreadOptimizers()
    let selected = try selection(state, isSelected)
    try checkUpdates(of: selected.map { state.variables[$0] }, in: state)
    let optimizer = try ResolvedOptimizer(state, betas: betas)
    var copy = state
    if case .set(let step) = step {
      let isCounted = Set(selected.map { ExactName(state.variables[$0].name) })
      copy = try state.settingStep(
        step,
        isCounted: { isCounted.contains(ExactName($0.name)) },
        keepsAges: true,
        optimizer: optimizer
      )
    }
    var report = ResetReport(before: state, after: copy, variables: selected.count)
    for place in selected {
      let count = copy.count(of: copy.variables[place])
      for index in copy.variables[place].slots.indices {
        let slot = state.variables[place].slots[index]
        guard slots?.contains(slot.name) ?? true else { continue }
        let variable = state.variables[place]
        let beginning = try SlotBeginning(
          slot,
          of: variable,
          in: state,
          optimizer,
          declared: initialValue
        )
        copy.variables[place].slots[index].tensor.tensor = try beginning.tensor(
          like: slot,
          of: variable
        )
        copy.variables[place].slots[index].history = SlotHistory(start: count ?? 0)
        report.slots[slot.name, default: 0] += 1
        report.places.append(.init(variable: variable.name, slot: slot.name))
      }
    }
    return (copy, report)
  }

  /// Places of the variables that are selected and have a slot to reset.
  private func selection(_ state: TrainingState, _ isSelected: (String) -> Bool) throws -> [Int] {
    let named = state.variables.indices.filter { isSelected(state.variables[$0].name) }
    guard !named.isEmpty else {
      throw StateError(.unsupported, "no variable is selected")
    }
    let present = Set(named.flatMap { state.variables[$0].slots.map(\.name) })
    if let missing = slots?.subtracting(present).min() {
      throw StateError(
        .unsupported,
        "no selected variable has a slot '\(missing)'",
        expected: present.isEmpty
          ? nil : "one of " + present.sorted().map(\.rawValue).joined(separator: ", ")
      )
    }
    guard !present.isEmpty else {
      throw StateError(.unsupported, "the selected variables have no slots")
    }
    return named.filter { place in
      state.variables[place].slots.contains { slots?.contains($0.name) ?? true }
    }
  }

  /// Refuses to leave a first moment without what divides it.
  private func checkUpdates(of variables: [Variable], in state: TrainingState) throws {
    guard let slots, !allowsExplosion, !slots.contains(.firstMoment) else { return }
    let orphans = variables.filter { variable in
      let divisors: [SlotName] =
        variable[.greatestSecondMoment] == nil
        ? [.secondMoment, .infinityNorm, .growingSecondMoment] : [.greatestSecondMoment]
      return divisors.contains { slots.contains($0) && variable[$0] != nil }
    }
    .compactMap { variable in
      variable[.firstMoment].map { (variable.name, $0.tensor.tensor) }
    }
    let tensors = orphans.map { NamedTensor("\($0.0)/\(SlotName.firstMoment)", $0.1) }
    let sizes = try TensorStatistics.of(tensors, progress: nil).map { statistics in
      max(abs(statistics?.min ?? 0), abs(statistics?.max ?? 0))
    }
    guard let worst = sizes.indices.max(by: { sizes[$0] < sizes[$1] }), sizes[worst] > 0 else {
      return
    }
    let optimizer = try ResolvedOptimizer(state)
    let largest = Float(sizes[worst])
    let update =
      optimizer.value("epsilon", for: orphans[worst].0)?.value.number.flatMap { $0 > 0 ? $0 : nil }
      .map { "m/epsilon = \(largest)/\($0) = \(Float(sizes[worst] / $0)) times the rate" }
      ?? "\(largest)/epsilon times the rate"
    throw StateError(
      .unsupported,
      "the second moment would be zero and the first one not: the next update would be up to "
        + update,
      tensor: tensors[worst].name,
      remedy: "reset both (--slots all), or pass --force"
    )
  }
}
