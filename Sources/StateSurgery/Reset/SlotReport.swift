package import Tensors
package import TrainingState

/// What is reported of slots that were written, and read back from the output.
package protocol SlotReport {
  /// Variables whose slots were written.
  var variables: Int { get set }

  /// Variables of the state.
  var variablesInAll: Int { get set }

  /// The global step after.
  var stepAfter: Int64? { get set }

  /// How many slots of each name were written.
  var slots: [SlotName: Int] { get set }

  /// What to mind, a sentence each.
  var notes: [String] { get set }

  /// The slots that were written.
  var places: [SlotReadBack.Place] { get }
}

extension SlotReport {
  /// The report with what the output holds in place of what was to be in it.
  ///
  /// - Parameters:
  ///   - output: The output, opened again.
  ///   - optimizer: The one of several optimizers that the report is of.
  ///   - written: The state that was written.
  /// - Returns: The report: of slots those that are there as they were written, and the output's step.
  /// - Throws: `StateError` as reading the slots.
  package func readBack(
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
}
