public import Tensors
internal import TrainingState

/// What a reset did.
public struct ResetReport: SlotReport, Sendable {
  /// Variables whose slots were reset.
  public package(set) var variables: Int

  /// Variables of the state.
  public package(set) var variablesInAll: Int

  /// The global step before, `nil` where the state has none.
  public let stepBefore: Int64?

  /// The global step after.
  public package(set) var stepAfter: Int64?

  /// How many slots of each name were reset.
  public package(set) var slots: [SlotName: Int] = [:]

  /// What to mind, a sentence each.
  public package(set) var notes: [String]

  /// The slots that were reset.
  package internal(set) var places: [SlotReadBack.Place] = []

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
