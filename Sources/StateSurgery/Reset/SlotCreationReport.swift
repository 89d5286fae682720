public import Tensors
internal import TrainingState

/// What a creation of slots made.
public struct SlotCreationReport: SlotReport, Sendable {
  /// Variables that got slots.
  public package(set) var variables = 0

  /// Variables of the state.
  public package(set) var variablesInAll: Int

  /// The global step before, `nil` where the state had none.
  public let stepBefore: Int64?

  /// The global step after.
  public package(set) var stepAfter: Int64?

  /// What to mind, a sentence each.
  public package(set) var notes: [String] = []

  /// The slots that were made.
  package internal(set) var places: [SlotReadBack.Place] = []

  /// How many slots of each name were made.
  public package(set) var slots: [SlotName: Int] = [:]

  init(_ before: TrainingState, stepAfter: Int64?) {
    variablesInAll = before.variables.count
    stepBefore = before.globalStep?.value
    self.stepAfter = stepAfter
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
