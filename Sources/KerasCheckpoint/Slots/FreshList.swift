internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// The list of an optimizer that has not run, filled with slots: each gets the place that its class would give it.
struct FreshList {
  private let state: TrainingState
  private let family: KerasFamily
  private let config: OptimizerConfig?
  private let frozen: Set<ExactName>

  /// The state with a place in the list for every slot that has none.
  ///
  /// - Parameters:
  ///   - state: A state of Keras; where its slots came from its file, it stays as it is.
  ///   - family: Whose implementation it is.
  ///   - config: The optimizer's configuration, where the file has one.
  ///   - model: The model's configuration, where the file has no list of its layers beside it; the state's order counts
  ///     only as far as it is that one's.
  ///   - frozen: Layers that the configuration freezes.
  /// - Returns: The state.
  /// - Throws: `StateError` with code `unsupported` when a trained variable lacks a slot, or the class is not known: Keras
  ///   would take every tensor behind the gap for another.
  static func completing(
    _ state: TrainingState,
    _ family: KerasFamily,
    _ config: OptimizerConfig?,
    orderedBy model: ModelConfig? = nil,
    frozen: Set<ExactName>
  ) throws -> TrainingState {
    let slots = state.variables.flatMap(\.slots)
    guard !slots.isEmpty, slots.allSatisfy({ $0.tensor.index == nil }) else { return state }
    guard model?.orders(state.variables.map(\.name)) ?? true else {
      throw StateError(
        .unsupported,
        "the model's configuration does not tell in which order its optimizer numbers the variables",
        remedy: "train the model for a step before its file is taken for a template"
      )
    }
    return try FreshList(state: state, family: family, config: config, frozen: frozen).completed()
  }

  private func completed() throws -> TrainingState {
    guard let kind = config?.kind ?? state.optimizer?.kind else {
      throw StateError(
        .unsupported,
        "nothing says which optimizer the slots are of, and in which order Keras keeps them",
        remedy: "pass --optimizer"
      )
    }
    guard let sections = sections(kind) else {
      throw StateError(.unsupported, "the order in which Keras keeps a '\(kind)' is not known")
    }
    let owners = state.variables.map { variable in
      SlotOwner(
        name: variable.name,
        shape: variable.value?.tensor.shape ?? .scalar,
        isTrainable: !isFrozen(variable)
      )
    }
    let trained = owners.indices.filter { owners[$0].isTrainable }
    if let stray = state.variables.indices.first(where: {
      !owners[$0].isTrainable && !state.variables[$0].slots.isEmpty
    }) {
      throw StateError(
        .unsupported,
        "the variable has slots, and the model does not train it",
        tensor: state.variables[stray].name
      )
    }
    var copy = state
    let counter = GlobalStep.counter(state.globalStep, named: counterName, at: 0)
    copy.globalStep = counter
    let items = try SlotLayout.items(of: sections, for: trained, of: owners)
    for (number, item) in items.enumerated() {
      try place(item, at: number + 1, owners, &copy)
    }
    return copy
  }

  private func isFrozen(_ variable: Variable) -> Bool {
    guard let tensor = variable.value?.tensor else { return true }
    let parts = KerasNames.components(variable.name).dropLast()
    return !WeightNames.isTrainable(variable.name, tensor)
      || parts.contains { frozen.contains(ExactName($0)) }
  }

  // MARK: Order

  /// The parts of the list under the settings of the configuration.
  private func sections(_ kind: String) -> [ListSection]? {
    let all = SlotLayout.known(kind, family)
    let settings = Set(all.flatMap(\.settings))
    return all.first { arrangement in
      settings.allSatisfy { arrangement.settings.contains($0) == isOn($0) }
    }?.sections
  }

  private func isOn(_ setting: String) -> Bool {
    if setting == OptimizerCatalog.scheduleSetting {
      return config?.hasScheduleObject ?? (state.schedule != nil)
    }
    switch state.optimizer?.hyperparameters[setting] {
    case .bool(let flag)?: return flag
    case let value?: return (value.number ?? 0) != 0
    case nil: return false
    }
  }

  private var counterName: String {
    switch family {
    case .multiBackend: "\(className)/iterations:0"
    case .legacy: "\(className)/iter:0"
    case .current: "iteration:0"
    case .keras3: "iteration"
    }
  }

  private var className: String { config?.className ?? "Adam" }

  // MARK: Places

  private func place(
    _ item: SlotLayout.Item,
    at number: Int,
    _ owners: [SlotOwner],
    _ copy: inout TrainingState
  ) throws {
    switch item {
    case .scalar(let word):
      let known = copy.optimizerTensors.firstIndex {
        isScalar($0, word) && $0.attributes[KerasNames.Attribute.list] == nil
      }
      if let known {
        copy.optimizerTensors[known].index = number
      } else {
        copy.optimizerTensors.append(
          StateTensor(
            "optimizer/\(word)",
            try scalar(word),
            sourceName: "\(className)/\(word):0",
            index: number
          )
        )
      }
    case .placeholder(let slot, let owner, let shape):
      copy.extras.append(
        StateTensor(
          "\(owners[owner].name)/\(slot)",
          try .constant(0, .float32, shape),
          sourceName: "\(className)/\(owners[owner].name)/\(slot):0",
          index: number
        )
      )
    case .slot(let name, let owner, let shape):
      let slots = copy.variables[owner].slots
      guard let slot = slots.firstIndex(where: { $0.name == name }),
        slots[slot].tensor.tensor.shape == shape
      else {
        throw StateError(
          .unsupported,
          "the model trains the variable, and it lacks the slot '\(name)': Keras would take every tensor behind the "
            + "gap for another",
          tensor: owners[owner].name
        )
      }
      copy.variables[owner].slots[slot].tensor.index = number
      copy.variables[owner].slots[slot].tensor.sourceName = self.name(of: name, owners[owner].name)
    }
  }

  /// Whether a scalar is the one that the catalogue calls by a word, or the same under another dialect's.
  private func isScalar(_ tensor: StateTensor, _ word: String) -> Bool {
    let last = KerasNames.plain(KerasNames.components(tensor.name).last ?? "")
    if last == word { return true }
    return OptimizerCatalog.beginning(ofScalar: last) != nil
      && OptimizerCatalog.beginning(ofScalar: word) != nil
  }

  private func scalar(_ word: String) throws -> Tensor {
    if let number = OptimizerCatalog.beginning(ofScalar: word) {
      return try .constant(number, .float32, .scalar)
    }
    guard let rate = state.optimizer?.hyperparameters[word]?.number else {
      throw StateError(
        .unsupported,
        "the optimizer keeps '\(word)', and the state does not say it",
        remedy: "pass --optimizer with \(word)"
      )
    }
    return try KerasRate.tensor(rate)
  }

  /// The name of a slot in the list.
  private func name(of slot: SlotName, _ variable: String) -> String {
    let words = family.vocabulary.words(for: [slot], of: config?.kind ?? state.optimizer?.kind)
    let word = words[slot] ?? slot.rawValue
    return switch family {
    case .current: "\(className)/\(word)/\(variable):0"
    case .keras3: "optimizer/\(variable)/\(word)"
    case .legacy, .multiBackend: "\(className)/\(variable)/\(word):0"
    }
  }
}

extension GlobalStep {
  /// A counter at a place of a list, its own name kept where it has one.
  fileprivate static func counter(_ step: GlobalStep?, named name: String, at index: Int) -> Self {
    if let step, step.tensor.index == index { return step }
    let value = step?.value ?? 0
    let tensor = StateTensor("global_step", .scalar(value), sourceName: name, index: index)
    let bits = UInt64(bitPattern: value)
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt64($0))) }
    return (try? GlobalStep(tensor, bytes: bytes)) ?? GlobalStep(value)
  }
}
