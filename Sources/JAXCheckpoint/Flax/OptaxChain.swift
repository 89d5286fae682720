internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// The tuple of states that one of optax' optimizers keeps (`alias.py` of optax 0.2.8).
struct OptaxChain {
  /// A member of the tuple.
  enum Link {
    /// The moments.
    case moments
    /// What has nothing to keep.
    case empty
    /// The learning rate, which counts where it is a schedule.
    case rate
    /// RMSProp's momentum, where it has one.
    case momentum
  }

  /// The optimizer in optax' words.
  let name: String
  let links: [Link]
  /// The slots of the moments with their words.
  let words: [DialectRow.Word]
  /// Whether the moments are counted.
  let isCounted: Bool

  private static let chains: [String: (name: String, links: [Link], isCounted: Bool)] = [
    "adam": ("adam", [.moments, .rate], true),
    "adamw": ("adamw", [.moments, .empty, .rate], true),
    "adamax": ("adamax", [.moments, .rate], true),
    "radam": ("radam", [.moments, .rate], true),
    "lamb": ("lamb", [.moments, .empty, .empty, .rate], true),
    "lion": ("lion", [.moments, .empty, .rate], true),
    "sgd": ("sgd", [.moments, .rate], false),
    "rmsprop": ("rmsprop", [.moments, .rate, .momentum], false),
    "adagrad": ("adagrad", [.moments, .rate], false),
    "adadelta": ("adadelta", [.empty, .moments, .rate], false),
  ]

  /// The optimizer that goes on with a state's slots.
  ///
  /// - Throws: `StateError` with code `unsupported` where optax has none of the kind, or other slots for it.
  init(_ state: TrainingState, note: ((String) -> Void)?) throws {
    let slots = Set(state.variables.flatMap { $0.slots.map(\.name) })
    let kind = state.optimizer?.kind ?? (slots.contains(.firstMoment) ? "adamw" : "")
    let isAdam = ["adam", "adamw", "bert_adamw", "keras_bert_adamw"].contains(kind)
    // Adam whose decay is its own is called AdamW there; BERT's is one of these without correction.
    let known = kind == "adam" || !isAdam ? kind : "adamw"
    let rest = known == "rmsprop" ? slots.subtracting([.momentum]) : slots
    let rows = OptimizerCatalog.description(of: known)?.rows.filter { $0.dialect == .optax } ?? []
    guard let chain = Self.chains[known],
      let row = rows.first(where: { Set($0.words.map(\.slot)) == rest })
    else {
      throw StateError(
        .unsupported,
        "optax has no state for the slots \(slots.sorted().map(\.rawValue).joined(separator: ", "))"
          + " of \(kind.isEmpty ? "an optimizer that is not known" : kind)",
        remedy: "pass --optimizer with the optimizer that goes on, or --only parameters"
      )
    }
    let isAMSGrad = rest.contains(.greatestSecondMoment)
    if isAMSGrad, kind != "adam" {
      throw StateError(.unsupported, "optax' amsgrad has no weight decay of its own")
    }
    name = isAMSGrad ? "amsgrad" : chain.name
    links = chain.links
    words = row.words
    isCounted = chain.isCounted
    if let note {
      if state.optimizer == nil || kind != known {
        note("the moments are laid out as those of optax.\(name), which corrects their bias")
      }
      if isAMSGrad {
        note("optax' amsgrad keeps the maximum of corrected moments, others that of the plain ones")
      }
    }
  }
}
