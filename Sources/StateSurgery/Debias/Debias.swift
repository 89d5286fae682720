internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
public import TrainingState

/// Adam's correction of bias put into the moments, taken out of them, or declared.
///
/// Moments that began at zero are too small after *t* updates, by `1 − beta1ᵗ` and `1 − beta2ᵗ`; see
/// the article "Bias correction" of `OptStateKit`. *t* counts from when the slot was last zero.
public struct Debias: Sendable {
  /// What is done.
  public enum Operation: String, Sendable, Hashable, CaseIterable {
    /// The moments are divided by their factors: for an optimizer that does not correct.
    case fold
    /// They are multiplied by them: the inverse, but for rounding.
    case unfold
    /// They stay, and the record says that the optimizer corrects.
    case declare
    /// They stay, and a factor that is frozen at its first step moves into the learning rate.
    case translateFrozen
  }

  /// What is done.
  public var operation: Operation

  /// The number of updates that all moments have seen, `nil` for the state's own counts.
  public var step: Int64?

  /// Decay of the first moment, `nil` for the record's.
  public var beta1: Double?

  /// Decay of the second moment, `nil` for the record's.
  public var beta2: Double?

  /// Whether what the state's histories and records speak against is done all the same.
  public var isForced: Bool

  /// Whether the state was read from a format that keeps histories: then what is not recorded as
  /// folded is not folded.
  public var knowsHistory: Bool

  /// Whether the moments have been compared with their checksums, as ``DebiasReport`` does: then that
  /// is not done again before they are written.
  public var trustsMoments = false

  /// Describes what is to be done.
  ///
  /// - Parameters:
  ///   - operation: What is done.
  ///   - step: The number of updates that all moments have seen.
  ///   - beta1: Decay of the first moment.
  ///   - beta2: Decay of the second moment.
  ///   - isForced: Whether it is done against what the state records.
  ///   - knowsHistory: Whether the state's format keeps histories.
  public init(
    _ operation: Operation,
    step: Int64? = nil,
    beta1: Double? = nil,
    beta2: Double? = nil,
    isForced: Bool = false,
    knowsHistory: Bool = false
  ) {
    self.operation = operation
    self.step = step
    self.beta1 = beta1
    self.beta2 = beta2
    self.isForced = isForced
    self.knowsHistory = knowsHistory
  }

  /// Changes a state; the moments are computed while they are written.
  ///
  /// - Parameter state: The state.
  /// - Returns: The changed state and what it means for the updates.
  /// - Throws: `StateError` with code `unsupported` when the moments are no averages with this bias,
  ///   are folded already or not at all, or when decays or counts are not known; `malformed` when a
  ///   variable has one moment without the other.
  public func apply(to state: TrainingState) throws -> (state: TrainingState, plan: DebiasPlan) {
    try state.refuseUnreadOptimizers()
    try state.checkIsOfOneOptimizer()
    let optimizer = try ResolvedOptimizer(state, betas: (beta1, beta2))
    if operation == .translateFrozen {
      let (changed, factor) = try FrozenCorrection(beta1: beta1, beta2: beta2).translate(state)
      return (changed, DebiasPlan(rateFactor: factor))
    }
    try checkRule(optimizer.record)
    if operation == .fold || operation == .unfold { try Self.checkPrecision(state) }
    var plan = DebiasPlan(operation)
    var copy = state
    for (place, variable) in state.variables.enumerated() {
      guard let moments = try Moments(variable) else { continue }
      let stretches = try stretches(of: moments, variable, in: state, optimizer)
      plan.add(
        moments,
        stretches,
        epsilon: optimizer.value("epsilon", for: variable.name)?.value.number
      )
      if operation == .declare {
        try declareCount(of: &copy.variables[place], in: state)
      } else {
        try change(&copy.variables[place], stretches, in: state)
      }
    }
    try plan.finish(isForced: isForced)
    switch operation {
    case .declare: try Self.declare(&copy, &plan)
    case .fold: Self.recordFold(&copy, optimizer, &plan)
    case .unfold: Self.recordUnfold(&copy)
    case .translateFrozen: break
    }
    return (copy, plan)
  }

  /// Refuses moments that only the library that keeps them can round.
  private static func checkPrecision(_ state: TrainingState) throws {
    for variable in state.variables {
      guard let slot = variable.slots.first(where: { $0.tensor.tensor.quantization != nil }) else {
        continue
      }
      throw StateError(
        .unsupported,
        "the slot is kept in eight bits: changed numbers would be rounded anew",
        tensor: "\(variable.name)/\(slot.name)",
        remedy:
          "convert the state with --optimizer first, which takes the numbers as ordinary slots"
      )
    }
  }

  /// Refuses rules whose moments are something else.
  private func checkRule(_ record: OptimizerRecord?) throws {
    guard let record, !isForced else { return }
    if let other = record.groups.lazy.compactMap(\.kind).first {
      throw StateError(
        .unsupported,
        "the optimizer '\(record.kind)' has groups of another kind, '\(other)'",
        remedy: "pass --force to change whatever moments there are"
      )
    }
    guard let description = OptimizerCatalog.description(of: record.kind),
      description.hasAdamsMoments
    else {
      throw StateError(
        .unsupported,
        "the moments of optimizer '\(record.kind)' do not have Adam's bias",
        expected: OptimizerCatalog.all.filter(\.hasAdamsMoments).map(\.kind).sorted()
          .joined(separator: ", "),
        remedy: "name the optimizer with --optimizer, or pass --force"
      )
    }
    if operation == .fold, description.biasCorrection == .always {
      throw StateError(
        .unsupported,
        "optimizer '\(record.kind)' always corrects: folded moments would be corrected twice",
        remedy: "name the next optimizer with --optimizer, or pass --force"
      )
    }
  }

  /// The rows of a variable's moments with their factors.
  private func stretches(
    of moments: Moments,
    _ variable: Variable,
    in state: TrainingState,
    _ optimizer: ResolvedOptimizer
  ) throws -> [MomentStretch] {
    let (beta1, beta2) = (
      try optimizer.knownBeta(.beta1, for: variable.name),
      try optimizer.knownBeta(.beta2, for: variable.name)
    )
    let isRecorded =
      knowsHistory || state.variables.contains { $0.slots.contains { $0.history.isFolded } }
    return try moments.stretches.map { rows, first, second in
      let ages = try [first, second].map { try age(of: $0, variable, in: state) }
      var stretch = MomentStretch(rows: rows, ages: (ages[0], ages[1]), beta1: beta1, beta2: beta2)
      let isFolded = first.isFolded && second.isFolded
      guard first.isFolded == second.isFolded else {
        throw StateError(.malformed, "one moment is folded and one is not", tensor: variable.name)
      }
      switch operation {
      case .fold: stretch.isChanged = !isFolded && ages[0] > 0 && ages[1] > 0
      case .unfold:
        stretch.isChanged = (isFolded || !isRecorded || isForced) && min(ages[0], ages[1]) > 0
      case .declare, .translateFrozen: stretch.isChanged = !isFolded && ages[0] > 0 && ages[1] > 0
      }
      stretch.isFolded = isFolded
      return stretch
    }
  }

  /// Updates that rows have seen.
  private func age(
    of stretch: SlotHistory.Stretch,
    _ variable: Variable,
    in state: TrainingState
  ) throws -> Int64 {
    if let step {
      guard step > 0 else {
        throw StateError(
          .invalidArgument,
          "moments that have seen \(step) updates have no correction",
          expected: "at least 1"
        )
      }
      return step
    }
    guard let count = state.count(of: variable) else {
      throw StateError(
        .unsupported,
        "the state does not say how many updates it has seen",
        remedy: "pass --step"
      )
    }
    let (age, overflow) = count.subtractingReportingOverflow(stretch.start)
    guard !overflow, age >= 0 else {
      throw StateError(
        .malformed,
        "the moments began after the last update",
        tensor: variable.name,
        expected: "at most \(count)",
        found: "\(stretch.start)"
      )
    }
    return age
  }

  /// Scales the moments of a variable and notes it in their histories.
  private func change(
    _ variable: inout Variable,
    _ stretches: [MomentStretch],
    in state: TrainingState
  ) throws {
    let count = state.count(of: variable)
    // A range of rows, or another type, is not what the report has compared.
    let isCompared =
      stretches.count == 1
      && [SlotName.firstMoment, .secondMoment].allSatisfy {
        variable[$0]?.tensor.tensor.elementType == .float32
      }
    for slot in variable.slots.indices {
      let name = variable.slots[slot].name
      guard Moments.names.contains(name) else { continue }
      let old = variable.slots[slot]
      variable.slots[slot].tensor.tensor = try MomentScaling(
        operation,
        isFirst: name == .firstMoment,
        trustsSource: trustsMoments && isCompared && name != .greatestSecondMoment
      )
      .apply(to: old.tensor.tensor, stretches)
      let told: [SlotHistory.Stretch] = stretches.map { stretch in
        let age = name == .firstMoment ? stretch.ages.first : stretch.ages.second
        let past = old.history.stretches.last { $0.firstRow <= stretch.rows.lowerBound }
        return SlotHistory.Stretch(
          firstRow: stretch.rows.lowerBound,
          start: count.map { $0 &- age } ?? past?.start ?? 0,
          isFolded: stretch.isChanged ? operation == .fold : stretch.isFolded
        )
      }
      variable.slots[slot].history = SlotHistory(told) ?? old.history
    }
  }

  /// Notes the count that `step` declares.
  private func declareCount(of variable: inout Variable, in state: TrainingState) throws {
    guard let step, let count = state.count(of: variable) else { return }
    for slot in variable.slots.indices where Moments.names.contains(variable.slots[slot].name) {
      variable.slots[slot].history = SlotHistory(start: count &- step)
    }
  }
}
