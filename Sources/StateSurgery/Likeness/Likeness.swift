internal import OptimizerCatalog
internal import OptimizerCore
public import StateConversion
internal import Tensors
public import TrainingState

/// A state poured into the form of a template: a file that the target's framework wrote itself, of a fresh model.
///
/// Names, order, groups, configuration, counters and all that nobody knows are the template's; parameters, slots, steps and
/// rates are the state's. What a template has not yet, its optimizer never having run, is made as its class makes it.
public struct Likeness: Sendable {
  /// The template with the state's numbers in it, to be written in the template's format.
  public private(set) var state: TrainingState

  /// Every tensor of the target and where it comes from, in the target's order.
  public private(set) var rows: [Row] = []

  /// Tensors of the state that have no place in the target.
  public private(set) var leftOut: [String] = []

  /// Tensors of the target for which the state has nothing.
  public private(set) var missing: [String] = []

  /// What to mind, a sentence each.
  public private(set) var notes: [String] = []

  private let source: TrainingState
  /// When the state's slots were reset, by the places of the target's; told by the state's counts.
  private var histories: [(variable: Int, slot: Int, history: SlotHistory)] = []

  /// Pours a state into a template; no tensor is read but powers of beta.
  ///
  /// - Parameters:
  ///   - source: The state, under the names that the template has where a map gives it these.
  ///   - template: The template.
  ///   - part: What the state gives.
  ///   - allowsPartial: Whether something may be left over on either side.
  /// - Throws: `StateError` with code `unsupported` when the template is of another model or of another optimizer, when
  ///   it would round the state's numbers, or when something is left over.
  /// - Complexity: O(number of tensors).
  public init(
    _ source: TrainingState,
    in template: TrainingState,
    part: StatePart = .all,
    allowsPartial: Bool = false
  ) throws {
    self.source = source
    state = template
    guard source.optimizers.isEmpty, template.optimizers.isEmpty else {
      throw StateError(
        .unsupported,
        "there are several optimizers, and which is which of the template's is not known",
        remedy: "choose one with --optimizer-name, or pass --only parameters"
      )
    }
    let ordered = { (state: TrainingState) in
      StateFormats.named(state.origin.format)?.abilities.contains(.modelOrder) == true
    }
    let matching = try VariableMatching(
      source.variables,
      template.variables,
      isOrdered: ordered(source) && ordered(template)
    )
    guard !matching.pairs.isEmpty else { throw Self.stranger }
    let takesSlots = part != .parameters
    var made: Set<ExactName> = []
    if takesSlots {
      try checkOptimizers()
      made = try makeSlots(matching)
    }
    for place in state.variables.indices {
      try fill(place, matching.pairs[place], part, made)
    }
    leftOut += matching.leftOver.flatMap { place -> [String] in
      let variable = source.variables[place]
      let value = variable.value.map { _ in [variable.name] } ?? []
      return value + variable.slots.map { "\(variable.name)/\($0.name)" }
    }
    if takesSlots { try fillNumbers() }
    for (place, index, history) in histories {
      state.variables[place].slots[index].history = history
    }
    addRest()
    if matching.pairs.values.contains(where: { $0.match == .order }) {
      let count = matching.pairs.values.count { $0.match == .order }
      notes.append(
        "\(count) variables were paired by their place alone, names and shapes leaving it open: --naming with a map decides"
      )
    }
    if !allowsPartial { try refuseRest() }
  }

  private static let stranger = StateError(
    .unsupported,
    "no variable of the template is one of the state's: it is of another model",
    remedy: "pass --naming with a map of the names where the model is the same"
  )

  // MARK: Optimizers

  /// Refuses slots that mean something else in the template.
  private func checkOptimizers() throws {
    guard source.variables.contains(where: { !$0.slots.isEmpty }) else { return }
    guard let target = state.optimizer else {
      if state.variables.contains(where: { !$0.slots.isEmpty }) { return }
      throw StateError(
        .unsupported,
        "the template has no optimizer",
        remedy:
          "save it of a model that is compiled, or beside its optimizer; or pass --only parameters"
      )
    }
    if let own = source.optimizer, own.kind != target.kind {
      let both = [own, target].map { OptimizerCatalog.description(of: $0.kind) }
      // Whatever they make of them, the moments are the same averages.
      guard both.allSatisfy({ $0?.hasAdamsMoments == true }) else {
        throw StateError(
          .unsupported,
          "the template is of another optimizer",
          expected: own.kind,
          found: target.kind,
          remedy: "make the template with the state's optimizer, or pass --only parameters"
        )
      }
    }
    let hasBuffers = source.variables.contains { $0[.momentum] != nil }
    if hasBuffers,
      source.holdsSteps(source.optimizer?.kind ?? target.kind)
        != state.holdsSteps(target.kind)
    {
      throw StateError(
        .unsupported,
        "momentum buffers hold steps in one of the two and gradients in the other",
        remedy: "pass --only parameters, or convert without --like, which says what becomes of them"
      )
    }
  }

  /// Gives a template whose optimizer has not run the slots that its class makes.
  ///
  /// - Returns: The variables that got some.
  private mutating func makeSlots(_ matching: VariableMatching) throws -> Set<ExactName> {
    guard state.optimizer != nil else { return [] }
    let isFresh = state.variables.allSatisfy { $0.slots.isEmpty }
    guard isFresh || state.origin.framework == .pytorch else { return [] }
    let wanted = Set(
      matching.pairs.filter { target, pair in
        pair.match != .tied && state.variables[target].slots.isEmpty
          && !source.variables[pair.source].slots.isEmpty
      }
      .map { ExactName(state.variables[$0.key].name) }
    )
    if wanted.isEmpty { return [] }
    state = try SlotCreation().apply(to: state) { wanted.contains(ExactName($0)) }.state
    return wanted
  }

  // MARK: Tensors

  private mutating func fill(
    _ place: Int,
    _ pair: VariableMatching.Pair?,
    _ part: StatePart,
    _ made: Set<ExactName>
  ) throws {
    let target = state.variables[place]
    let own = pair.map { source.variables[$0.source] }
    let match = pair?.match ?? .template
    if let value = target.value {
      if part != .slots, let new = own?.value {
        state.variables[place].value?.tensor = try Self.fitting(new.tensor, value, target.name)
        rows.append(Row(target.name, own?.name, match))
      } else {
        rows.append(Row(target.name, nil, .template))
        if part != .slots, value.tensor.elementType.isFloatingPoint { missing.append(target.name) }
      }
    }
    guard part != .parameters else {
      rows += target.slots.map { Row("\(target.name)/\($0.name)", nil, .template) }
      return
    }
    if match == .tied { return }
    let isMade = made.contains(ExactName(target.name))
    for (index, slot) in target.slots.enumerated() {
      let name = "\(target.name)/\(slot.name)"
      guard let own, let new = own[slot.name] else {
        missing.append(name)
        rows.append(Row(name, nil, isMade ? .beginning : .template))
        continue
      }
      let tensor = try Self.fitting(new.tensor.tensor, slot.tensor, name)
      state.variables[place].slots[index].tensor.tensor = tensor
      histories.append((place, index, new.history))
      rows.append(Row(name, "\(own.name)/\(slot.name)", match))
    }
    guard let own else { return }
    let kept = Set(target.slots.map(\.name))
    leftOut += own.slots.filter { !kept.contains($0.name) }.map { "\(own.name)/\($0.name)" }
    if !state.variables[place].slots.isEmpty, let step = own.step {
      state.variables[place].step = step
    }
  }

  /// The state's tensor in the template's type and shape.
  private static func fitting(
    _ tensor: Tensor,
    _ target: StateTensor,
    _ name: String
  ) throws -> Tensor {
    let wanted = target.tensor
    var result = tensor
    if tensor.shape != wanted.shape {
      guard tensor.shape.elementCount == 1, wanted.shape.elementCount == 1 else {
        throw StateError(
          .unsupported,
          "has another shape in the template",
          tensor: name,
          expected: "\(wanted.shape)",
          found: "\(tensor.shape)"
        )
      }
      result = try tensor.reshaped(wanted.shape)
    }
    if tensor.elementType == wanted.elementType { return result }
    guard tensor.elementType.isFloatingPoint, wanted.elementType.isFloatingPoint,
      wanted.elementType.holds(tensor.elementType)
    else {
      throw StateError(
        .unsupported,
        "the template keeps it in a type that does not hold the state's numbers",
        tensor: name,
        expected: tensor.elementType.rawValue,
        found: wanted.elementType.rawValue,
        remedy: "make the template in the state's precision"
      )
    }
    return try result.cast(to: wanted.elementType)
  }

  // MARK: Numbers

  /// Sets steps, powers of beta, the rate, and the products that an optimizer keeps as a whole.
  private mutating func fillNumbers() throws {
    let steps = Set(source.variables.compactMap(\.step))
    if let step = source.globalStep?.value ?? steps.max() {
      let optimizer = try ResolvedOptimizer(state)
      let own = state.variables.map(\.step)
      state.globalStep = state.globalStep ?? GlobalStep(0)
      state = try state.settingStep(step, keepsAges: false, optimizer: optimizer)
      if source.variables.contains(where: { $0.step != nil }) {
        for place in own.indices { state.variables[place].step = own[place] }
      }
      if steps.subtracting([step]).isEmpty == false,
        state.variables.allSatisfy({ $0.step == nil })
      {
        notes.append("the state counts its variables apart; the template has one step, \(step)")
      }
    }
    try fillRate()
    fillProducts()
  }

  /// Takes over the rate, where the template's is a number.
  private mutating func fillRate() throws {
    guard state.optimizer != nil else { return }
    guard state.schedule == nil else {
      if source.schedule != state.schedule {
        notes.append("the template's schedule stays: it gives the rate from the state's step on")
      }
      return
    }
    guard source.optimizer != nil || source.schedule != nil,
      let rate = try source.nextLearningRate()
    else { return }
    state.optimizer?.hyperparameters["learning_rate"] = .double(rate)
    if source.schedule != nil {
      notes.append(
        "the template has no schedule: its rate is what the state's gives for the next update, "
          + "\(Float(rate))"
      )
    }
  }

  /// Takes over numbers that are multiplied up from step to step, such as Nadam's.
  private mutating func fillProducts() {
    let kinds = [source.optimizer?.kind, state.optimizer?.kind].compactMap(\.self)
    let words = Set(
      kinds.compactMap { OptimizerCatalog.description(of: $0) }.flatMap(\.rows).flatMap(\.scalars)
        .filter { BetaPowerName($0) == nil }
    )
    func isProduct(_ tensor: StateTensor) -> Bool {
      let last = tensor.name.split(whereSeparator: { $0 == "/" }).last.map(String.init) ?? ""
      return words.contains(String(last.prefix { $0 != ":" }))
    }
    guard let own = source.optimizerTensors.first(where: isProduct) else { return }
    if let place = state.optimizerTensors.firstIndex(where: isProduct) {
      state.optimizerTensors[place].tensor = own.tensor
    } else {
      state.optimizerTensors.append(StateTensor(own.name, own.tensor))
    }
    products.insert(ExactName(own.name))
  }

  /// Names of the optimizer's tensors that came from the state.
  private var products: Set<ExactName> = []

  /// Rows for what is no variable's.
  private mutating func addRest() {
    if let step = state.globalStep {
      rows.append(Row(step.tensor.name, source.globalStep?.tensor.name, .number))
    }
    for tensor in state.optimizerTensors {
      let word = tensor.name.split(separator: "/").last.map(String.init) ?? tensor.name
      let isNumber =
        BetaPowerName(tensor.name) != nil || word.hasPrefix("learning_rate")
        || !products.isEmpty && OptimizerCatalog.beginning(ofScalar: word) != nil
      rows.append(Row(tensor.name, nil, isNumber ? .number : .template))
    }
    for extra in state.extras where !extra.name.contains("~") {
      rows.append(Row(extra.name, nil, .template))
    }
  }

  // MARK: Leftovers

  /// Refuses what is left over on either side.
  private func refuseRest() throws {
    guard let first = missing.first ?? leftOut.first else { return }
    var parts: [String] = []
    if !missing.isEmpty {
      parts.append("the state has nothing for \(NameList.text(missing, limit: 5))")
    }
    if !leftOut.isEmpty {
      parts.append("the template has no place for \(NameList.text(leftOut, limit: 5))")
    }
    throw StateError(
      .unsupported,
      parts.joined(separator: "; "),
      tensor: first,
      remedy:
        "pass --partial to leave the template's own there, --naming with a map where names differ, or --dry-run "
        + "--partial to see what goes where"
    )
  }
}

extension ElementType {
  /// Whether every number of another floating-point type is one of this.
  fileprivate func holds(_ other: ElementType) -> Bool {
    switch (self, other) {
    case (.float64, .float32), (.float64, .float16), (.float64, .bfloat16), (.float32, .float16),
      (.float32, .bfloat16):
      true
    default: self == other
    }
  }
}
