internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// The tuple of states that one of optax' optimizers keeps (`alias.py` of optax 0.2.8).
struct OptaxChain {
  /// The optimizer in optax' words.
  let name: String
  let links: [StateTuple.Member]
  /// The slots of the moments with their words.
  let words: [DialectRow.Word]
  /// Whether the moments are counted.
  let isCounted: Bool

  /// The optimizer that goes on with a state's slots.
  ///
  /// - Throws: `StateError` with code `unsupported` where optax has none of the kind, or other slots for it.
  init(_ state: TrainingState, note: ((String) -> Void)?) throws {
    let slots = Set(state.variables.flatMap { $0.slots.map(\.name) })
    let kind =
      state.optimizer?.kind ?? (slots.contains(.firstMoment) ? RuleKind.adamw.rawValue : "")
    let own = OptimizerCatalog.description(of: kind)
    // Of one that optax lacks, such as BERT's, the next of kin goes on.
    let known = own?.successor.flatMap { OptimizerCatalog.description(of: $0) } ?? own
    guard let known, let tuple = known.optaxTuple,
      let row = known.rows(in: .optax).first(where: { Set($0.words.map(\.slot)) == slots })
    else {
      throw StateError(
        .unsupported,
        "optax has no state for the slots \(slots.sorted().map(\.rawValue).joined(separator: ", "))"
          + " of \(kind.isEmpty ? "an optimizer that is not known" : kind)",
        remedy: "pass --optimizer with the optimizer that goes on, or --only parameters"
      )
    }
    let isAMSGrad = slots.contains(.greatestSecondMoment)
    if isAMSGrad, known.plainForm != nil {
      throw StateError(.unsupported, "optax' amsgrad has no weight decay of its own")
    }
    name = isAMSGrad ? "amsgrad" : known.kind
    links = tuple.members
    words = row.words
    isCounted = tuple.isCounted
    if let note {
      if state.optimizer == nil || kind != known.kind {
        note("the moments are laid out as those of optax.\(name), which corrects their bias")
      }
      if isAMSGrad {
        note("optax' amsgrad keeps the maximum of corrected moments, others that of the plain ones")
      }
    }
  }
}
