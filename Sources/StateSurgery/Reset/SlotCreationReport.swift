public import Tensors
public import TrainingState

/// What a creation of slots made.
public struct SlotCreationReport: Sendable {
  /// Variables that got slots.
  public internal(set) var variables = 0

  /// Variables of the state.
  public private(set) var variablesInAll: Int

  /// The global step before, `nil` where the state had none.
  public let stepBefore: Int64?

  /// The global step after.
  public private(set) var stepAfter: Int64?

  /// What to mind, a sentence each.
  public private(set) var notes: [String] = []

  /// The slots that were made.
  var places: [SlotReadBack.Place] = []

  /// How many slots of each name were made.
  public internal(set) var slots: [SlotName: Int] = [:]

  init(_ before: TrainingState, stepAfter: Int64?) {
    variablesInAll = before.variables.count
    stepBefore = before.globalStep?.value
    self.stepAfter = stepAfter
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
    let line =
      "made \(names.joined(separator: ", ")) in \(variables) of \(variablesInAll) variables"
    switch (stepBefore, stepAfter) {
    case (let before?, let after?) where before == after: return line + "; step \(before) kept"
    case (let before?, let after?): return line + "; step \(before) -> \(after)"
    case (nil, let after?): return line + "; step \(after) made"
    default: return line
    }
  }
}
