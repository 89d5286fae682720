public import Tensors
public import TrainingState

/// What a reset did.
public struct ResetReport: Sendable {
  /// Variables whose slots were reset.
  public private(set) var variables: Int

  /// Variables of the state.
  public private(set) var variablesInAll: Int

  /// The global step before, `nil` where the state has none.
  public let stepBefore: Int64?

  /// The global step after.
  public private(set) var stepAfter: Int64?

  /// How many slots of each name were reset.
  public internal(set) var slots: [SlotName: Int] = [:]

  /// What to mind, a sentence each.
  public private(set) var notes: [String]

  /// The slots that were reset.
  var places: [SlotReadBack.Place] = []

  init(before: TrainingState, after: TrainingState, variables: Int) {
    self.variables = variables
    variablesInAll = before.variables.count
    stepBefore = before.globalStep?.value
    stepAfter = after.globalStep?.value
    var notes: [String] = []
    if !BetaPowers(before.optimizerTensors).isEmpty {
      let isKept = stepBefore == stepAfter
      if isKept, stepBefore != 0 {
        notes.append(
          "beta1_power and beta2_power go on from where they are, so TensorFlow will not correct the "
            + "bias of the moments that are zero now; --step 0 restarts them"
        )
      } else if variables < variablesInAll {
        notes.append(
          "beta1_power and beta2_power are common to all variables: those that were not reset will "
            + "be corrected as if they had been"
        )
      }
    }
    if before.variables.allSatisfy({ before.count(of: $0) == nil }) {
      notes.append(
        "the state does not say how many updates it has seen, so the time is not recorded"
      )
    }
    self.notes = notes
  }

  /// The report with what the output holds in place of what was to be in it.
  ///
  /// - Parameters:
  ///   - output: The output, opened again.
  ///   - optimizer: The one of several optimizers that the report is of.
  ///   - written: The state that was written.
  /// - Returns: The report: of slots those that are there as they were written, and the output's step.
  /// - Throws: `StateError` as reading the slots.
  public func readBack(
    from output: TrainingState,
    of optimizer: String? = nil,
    written: TrainingState
  ) throws -> Self {
    let found = try SlotReadBack(places, of: written, in: output)
    var copy = self
    copy.variables = found.variables
    copy.variablesInAll = found.variablesInAll
    copy.slots = found.slots
    copy.stepAfter = output.step(of: optimizer)
    if let missing = found.missing(of: places) { copy.notes.append(missing) }
    return copy
  }

  /// The report as a person reads it.
  public var text: String {
    let names = slots.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    var line =
      "reset \(names.joined(separator: ", ")) in \(variables) of \(variablesInAll) variables"
    switch (stepBefore, stepAfter) {
    case (let before?, let after?) where before == after: line += "; step \(before) kept"
    case (let before?, let after?): line += "; step \(before) -> \(after)"
    default: break
    }
    return line
  }
}
