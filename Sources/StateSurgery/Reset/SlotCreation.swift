internal import OptimizerCatalog
internal import OptimizerCore
internal import StateConversion
public import Tensors
public import TrainingState

/// Slots that a state lacks, made as they are before an optimizer's first update.
///
/// A released checkpoint holds weights alone, and the code that trained it restores every variable of its graph or
/// none. What the optimizer keeps, and at what value it begins, the catalogue says; names are those that the state's
/// own format has for the optimizer. Slots that are there stay as they are.
public struct SlotCreation: Sendable {
  /// The slots to make, `nil` for all that the optimizer keeps.
  public var slots: Set<SlotName>?

  /// What becomes of the counts; a state that has none begins at 0.
  public var step: Reset.Step

  /// The value of slots that begin at one that is not known.
  public var initialValue: Double?

  /// Decays for TensorFlow's powers where the record does not say them.
  public var betas: (beta1: Double?, beta2: Double?)

  /// Describes what is to be made.
  ///
  /// - Parameters:
  ///   - slots: The slots to make, `nil` for all that the optimizer keeps.
  ///   - step: What becomes of the counts.
  ///   - initialValue: The value of slots that begin at one that is not known.
  ///   - betas: Decays where the record does not say them.
  public init(
    slots: Set<SlotName>? = nil,
    step: Reset.Step = .keep,
    initialValue: Double? = nil,
    betas: (beta1: Double?, beta2: Double?) = (nil, nil)
  ) {
    self.slots = slots
    self.step = step
    self.initialValue = initialValue
    self.betas = betas
  }

  /// Adds to a state what it lacks; no tensor is read.
  ///
  /// - Parameters:
  ///   - state: The state, whose record names the optimizer.
  ///   - isSelected: Chooses variables by name; of these, statistics and whole numbers are left alone.
  /// - Returns: The changed state and what was made.
  /// - Throws: `StateError` with code `unsupported` when the state names no optimizer that is known, has slots of
  ///   another, lacks nothing, or a slot begins at a value that is not known; `invalidArgument` for a negative step.
  public func apply(
    to state: TrainingState,
    isSelected: (String) -> Bool = { _ in true }
  ) throws -> (state: TrainingState, report: SlotCreationReport) {
    try state.checkIsOfOneOptimizer()
    try state.refuseUnreadOptimizers()
    let (record, description) = try Self.optimizer(of: state)
    var copy = state
    copy.globalStep = copy.globalStep ?? GlobalStep(0)
    let optimizer = try ResolvedOptimizer(copy, betas: betas)
    if case .set(let step) = step {
      copy = try copy.settingStep(step, keepsAges: true, optimizer: optimizer)
    }
    let kept = description.kept(by: record, in: state.origin.framework)
    let words = Self.words(for: kept, of: record, state)
    var report = SlotCreationReport(state, stepAfter: copy.globalStep?.value)
    let twins = Self.twins(state.variables)
    for place in state.variables.indices where isSelected(state.variables[place].name) {
      let variable = state.variables[place]
      guard variable.canBeTrained, !twins.contains(place), let value = variable.value else {
        continue
      }
      try Self.refuseOthers(variable, kept, record)
      var made: [Slot] = []
      for name in Self.names(kept, of: value.tensor.shape, state.origin.framework)
      where variable[name] == nil && slots?.contains(name) ?? true {
        guard
          let slot = try slot(name, of: variable, value.tensor, word: words[name], copy, optimizer)
        else { continue }
        made.append(slot)
        report.slots[name, default: 0] += 1
        report.places.append(.init(variable: variable.name, slot: name))
      }
      if made.isEmpty { continue }
      report.variables += 1
      copy.variables[place].slots += made
    }
    guard report.variables > 0 else { throw Self.nothing(kept, slots) }
    try addPowers(to: &copy, description, optimizer)
    return (copy, report)
  }

  private static func optimizer(
    of state: TrainingState
  ) throws -> (OptimizerRecord, OptimizerDescription) {
    guard let record = state.optimizer else {
      throw StateError(
        .unsupported,
        "the state does not say which optimizer the slots are to be for",
        remedy: "name it with --optimizer, such as bert_adamw, or adamw:learning_rate=0.001"
      )
    }
    guard let description = OptimizerCatalog.description(of: record.kind) else {
      throw StateError(
        .unsupported,
        "what '\(record.kind)' keeps is not known",
        expected: OptimizerCatalog.all.map(\.kind).sorted().joined(separator: ", "),
        remedy: "name the optimizer with --optimizer"
      )
    }
    return (record, description)
  }

  private static func nothing(_ kept: [SlotName], _ slots: Set<SlotName>?) -> StateError {
    if let stray = slots?.subtracting(kept).min() {
      return StateError(
        .unsupported,
        "the optimizer keeps no slot '\(stray)'",
        expected: kept.map(\.rawValue).joined(separator: ", ")
      )
    }
    return StateError(
      .unsupported,
      kept.isEmpty
        ? "the optimizer keeps no slots with these settings"
        : "no selected variable lacks a slot of the optimizer"
    )
  }

  /// A variable whose slots are another optimizer's would have those of two.
  private static func refuseOthers(
    _ variable: Variable,
    _ kept: [SlotName],
    _ record: OptimizerRecord
  ) throws {
    let known = Set(kept + [.master, .average, .gradientAccumulator, .slowWeights])
    guard let other = variable.slots.first(where: { !known.contains($0.name) }) else { return }
    throw StateError(
      .unsupported,
      "the variable has the slot '\(other.name)', which '\(record.kind)' does not keep with these "
        + "settings",
      tensor: variable.name,
      expected: kept.map(\.rawValue).joined(separator: ", "),
      remedy:
        "name the optimizer that the slots are of, or leave them out first with optstate strip"
    )
  }

  /// Second names of a tensor, which an optimizer sees once.
  private static func twins(_ variables: [Variable]) -> Set<Int> {
    var seen: Set<ObjectIdentifier> = []
    return Set(
      variables.indices.filter { place in
        guard let tensor = variables[place].value?.tensor, tensor.byteCount > 0 else {
          return false
        }
        return !seen.insert(ObjectIdentifier(tensor.source)).inserted
      }
    )
  }

  /// The slots that a variable of a shape has: a whole second moment stands in for the factored one where that
  /// cannot be, and Keras keeps it beside.
  private static func names(
    _ kept: [SlotName],
    of shape: Shape,
    _ framework: Origin.Framework
  ) -> [SlotName] {
    let isFactored = kept.contains(.factoredRow) && shape.rank >= 2 && framework != .keras
    return isFactored ? kept.filter { $0 != .secondMoment } : kept
  }

  private func slot(
    _ name: SlotName,
    of variable: Variable,
    _ value: Tensor,
    word: String?,
    _ state: TrainingState,
    _ optimizer: ResolvedOptimizer
  ) throws -> Slot? {
    let form = SlotDescription.of(name)?.form ?? .elementwise
    guard let shape = try form.shape(for: value.shape) else { return nil }
    // Frameworks make a slot in its variable's type, and what is one number in single precision.
    let type = form == .scalar ? .float32 : value.elementType
    var slot = Slot(
      name,
      StateTensor(
        "\(variable.name)/\(name)",
        try Tensor.constant(0, type, shape),
        sourceName: word.map { "\(variable.name)/\($0)" }
      ),
      history: SlotHistory(start: state.count(of: variable) ?? 0)
    )
    let beginning = try SlotBeginning(
      slot,
      of: variable,
      in: state,
      optimizer,
      declared: initialValue
    )
    slot.tensor.tensor = try beginning.tensor(like: slot, of: variable)
    return slot
  }

  // MARK: The format's words

  /// The words by which the state's format names slots of the optimizer, none where it does not name them so.
  private static func words(
    for slots: [SlotName],
    of record: OptimizerRecord,
    _ state: TrainingState
  ) -> [SlotName: String] {
    let dialects = StateFormats.named(state.origin.format)?.slotDialects ?? []
    if dialects.isEmpty { return [:] }
    return SlotVocabulary(dialects).words(for: Set(slots), of: record.kind)
  }

  /// Adds the powers of beta that TensorFlow's own optimizer keeps.
  private func addPowers(
    to state: inout TrainingState,
    _ description: OptimizerDescription,
    _ optimizer: ResolvedOptimizer
  ) throws {
    let dialects = StateFormats.named(state.origin.format)?.slotDialects ?? []
    guard BetaPowers(state.optimizerTensors).isEmpty,
      let row = dialects.lazy.compactMap({ description.rows(in: $0).first }).first
    else { return }
    let made = row.scalars.filter { BetaPowerName($0) != nil }.compactMap { name in
      try? StateTensor(name, Tensor.constant(1, .float32, .scalar), sourceName: name)
    }
    state.optimizerTensors += try BetaPowers(made).set(made, to: state.globalStep?.value ?? 0) {
      try optimizer.knownBeta($0, for: "")
    }
  }
}

extension OptimizerDescription {
  /// The slots that a record's settings ask for, in the hub's order.
  fileprivate func kept(
    by record: OptimizerRecord,
    in framework: Origin.Framework
  ) -> [SlotName] {
    func isOn(_ setting: String) -> Bool {
      switch record.hyperparameters[setting] {
      case .bool(let flag)?: flag
      case let value?: (value.number ?? 0) != 0
      case nil: false
      }
    }
    let own = slots.filter { slot in
      switch slot.presence {
      case .always: true
      case .setting(let setting): isOn(setting)
      case .option: false
      }
    }
    let base = framework == .keras ? OptimizerCatalog.base(of: .keras3) : []
    let shared = base.filter { section in
      guard case .setting(let setting, true) = section.presence else { return false }
      return isOn(setting)
    }
    return shared.flatMap(\.words).map(\.slot) + own.map(\.name)
  }
}
