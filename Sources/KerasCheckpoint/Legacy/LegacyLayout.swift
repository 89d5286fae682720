internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// Where everything of a state goes in a legacy file.
struct LegacyLayout {
  /// A tensor and the name that its list has for it.
  struct Entry {
    let name: String
    let tensor: Tensor
    /// What messages call it.
    let subject: String
  }

  /// A layer and its weights in order.
  struct Layer {
    let name: String
    var weights: [Entry] = []
  }

  private typealias Name = KerasNames

  let isOurs: Bool
  let isWhole: Bool
  private(set) var layers: [Layer] = []
  private(set) var topLevel: Layer?
  private(set) var optimizer: [Entry] = []
  private var places: [ExactName: Int] = [:]

  /// Lays out a state.
  ///
  /// - Parameters:
  ///   - state: The state.
  ///   - className: The optimizer's class, for names that have to be made.
  ///   - note: Told of what a framework will not take.
  /// - Throws: `StateError` with code `unsupported` when a file of Keras cannot hold the state.
  init(_ state: TrainingState, className: String, note: (String) -> Void) throws {
    isOurs = state.origin == StateFormat.kerasLegacy.origin
    isWhole =
      isOurs && state.attributes[Name.Attribute.layout] == .string("model")
      && state.extras.contains { $0.name == Name.modelConfig }
    if isOurs, case .strings(let names) = state.attributes[Name.Attribute.layers] {
      for name in names {
        places[ExactName(name)] = layers.count
        layers.append(Layer(name: name))
      }
    }
    try place(state)
    if !isOurs { arrangeInnerModels(of: state, note) }
    if isOurs, hasOwnNames(state) {
      try placeOwn(state)
    } else {
      try placeForeign(state, className, note)
    }
  }

  // MARK: Weights

  private mutating func place(_ state: TrainingState) throws {
    for variable in KerasBERTOrder.sorted(state.variables, state.naming) {
      guard let value = variable.value else {
        throw StateError(
          .unsupported,
          "a Keras file keeps slots beside their variables, and this one has no value",
          tensor: variable.name,
          remedy: "convert the whole state"
        )
      }
      let weight = Self.weight(variable, value, isOurs)
      var layer = KerasNames.components(variable.name).first ?? variable.name
      let attribute = isOurs ? Name.Attribute.layer : TrainingState.innerModel
      if case .string(let own) = value.attributes[attribute] { layer = own }
      let entry = Entry(name: weight, tensor: value.tensor, subject: variable.name)
      if isOurs, layer == Name.topLevel {
        topLevel = topLevel ?? Layer(name: layer)
        topLevel?.weights.append(entry)
        continue
      }
      if let place = places[ExactName(layer)] {
        layers[place].weights.append(entry)
      } else {
        places[ExactName(layer)] = layers.count
        layers.append(Layer(name: layer, weights: [entry]))
      }
    }
  }

  /// Puts the weights of a model that is a layer in Keras' order: first what is trained, then what is not.
  ///
  /// A frozen model has them by its layers, and nothing but slots tells that one is not frozen.
  private mutating func arrangeInnerModels(of state: TrainingState, _ note: (String) -> Void) {
    let slotted = Set(state.variables.filter { !$0.slots.isEmpty }.map { ExactName($0.name) })
    let trained = Set(
      state.variables.filter { variable in
        variable.value.map { WeightNames.isTrainable(variable.name, $0.tensor) } ?? false
      }.map { ExactName($0.name) }
    )
    let inner = Set(
      state.variables.compactMap { variable -> ExactName? in
        guard case .string(let name) = variable.value?.attributes[TrainingState.innerModel] else {
          return nil
        }
        return ExactName(name)
      }
    )
    for place in layers.indices where inner.contains(ExactName(layers[place].name)) {
      let weights = layers[place].weights
      let isOpen =
        weights.contains { !trained.contains(ExactName($0.subject)) }
        && !weights.contains { slotted.contains(ExactName($0.subject)) }
      if isOpen {
        note(
          "'\(layers[place].name)' is a model inside the model: its weights are in the order of one that is trained; for "
            + "a frozen one set trainable before load_weights"
        )
      }
      layers[place].weights =
        weights.filter { trained.contains(ExactName($0.subject)) }
        + weights.filter { !trained.contains(ExactName($0.subject)) }
    }
  }

  /// The weight's own name, unless the variable has been renamed since.
  private static func weight(_ variable: Variable, _ value: StateTensor, _ isOurs: Bool) -> String {
    guard isOurs, let own = value.sourceName else { return variable.name + ":0" }
    let plain = ExactName(KerasNames.plain(own))
    if plain == ExactName(variable.name) { return own }
    if case .string(let layer) = value.attributes[Name.Attribute.layer],
      ExactName("\(layer)/\(plain.text)") == ExactName(variable.name)
    {
      return own
    }
    return variable.name + ":0"
  }

  // MARK: Optimizer

  /// Whether every tensor of the optimizer still has the name and the place it came with.
  private func hasOwnNames(_ state: TrainingState) -> Bool {
    state.variables.allSatisfy { variable in
      variable.slots.allSatisfy { $0.tensor.sourceName != nil && $0.tensor.index != nil }
    }
  }

  private mutating func placeOwn(_ state: TrainingState) throws {
    var list: [(index: Int, entry: Entry)] = []
    func add(_ tensor: StateTensor, _ subject: String) {
      let entry = Entry(
        name: tensor.sourceName ?? tensor.name,
        tensor: tensor.tensor,
        subject: subject
      )
      list.append((tensor.index ?? 0, entry))
    }
    if let step = state.globalStep {
      let tensor = try StepTensor.tensor(of: step, format: Name.counters, isOurs: true)
      add(tensor, tensor.name)
    }
    for variable in state.variables {
      for slot in variable.slots { add(slot.tensor, "\(variable.name)/\(slot.name)") }
    }
    for tensor in state.optimizerTensors { add(tensor, tensor.name) }
    // Placeholders have no meaning without the slots around them.
    if !list.isEmpty {
      for tensor in state.extras where tensor.index != nil { add(tensor, tensor.name) }
    }
    list.sort { $0.index < $1.index }
    optimizer = list.map(\.entry)
  }

  private mutating func placeForeign(
    _ state: TrainingState,
    _ className: String,
    _ note: (String) -> Void
  ) throws {
    let slots = Set(state.variables.flatMap { $0.slots.map(\.name) })
    try state.refuseUnknownSlots()
    guard !slots.isEmpty else {
      if let step = state.globalStep { optimizer = [counter(step.value, className)] }
      return
    }
    let step = try LegacyStep.value(of: state)
    optimizer.append(counter(step, className))
    let variables = KerasBERTOrder.sorted(state.variables, state.naming)
    let rounds = KerasFamily.legacy.vocabulary.rounds(for: slots, of: state.optimizer?.kind)
    for round in rounds {
      for variable in variables {
        for word in round {
          guard let slot = variable[word.slot] else { continue }
          let entry = Entry(
            name: "\(className)/\(variable.name)/\(word.text):0",
            tensor: slot.tensor.tensor,
            subject: "\(variable.name)/\(word.slot)"
          )
          optimizer.append(entry)
        }
      }
    }
    let bare = state.variables.filter { $0.slots.isEmpty }
    let trained = bare.filter { variable in
      variable.value.map { WeightNames.isTrainable(variable.name, $0.tensor) } ?? false
    }
    if !trained.isEmpty {
      note(
        "\(trained.count) variables have no slots, '\(trained[0].name)' among them: an optimizer that "
          + "trains them takes no such list"
      )
    }
    if !state.optimizerTensors.isEmpty {
      note(
        "\(state.optimizerTensors.count) tensors of the optimizer as a whole have no place in a "
          + "legacy .h5 and are left out"
      )
    }
  }

  private func counter(_ step: Int64, _ className: String) -> Entry {
    Entry(name: "\(className)/iter:0", tensor: .scalar(step), subject: "global_step")
  }
}
