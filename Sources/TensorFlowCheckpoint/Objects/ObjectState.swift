internal import ByteIO
internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// Turns the tensors of an object-based checkpoint into a state, guided by their object graph.
struct ObjectState {
  /// Attribute of a tensor that is the variable of a hyper-parameter; its value is the record's key.
  static let hyperparameter = "tensorflow.hyperparameter"

  /// The optimizers' scalars that are hyper-parameters, by what the optimizers call them.
  private static let hyperparameters = [
    "learning_rate": "learning_rate", "_learning_rate": "learning_rate", "beta_1": "beta1",
    "beta_2": "beta2", "rho": "rho", "momentum": "momentum",
  ]

  private static let counters: Set = ["iter", "_iterations"]

  private var graph: ObjectGraphIndex
  /// Names of the parameters in the optimizers' order, where the caller knows them.
  private let parameterNames: [String]?

  /// Reads an object graph.
  ///
  /// - Parameters:
  ///   - graph: The tensor that holds it.
  ///   - parameterNames: Names of the parameters in the optimizers' order, one optimizer behind the other.
  /// - Throws: `StateError` with code `malformed`.
  init(_ graph: StateTensor, parameterNames: [String]?) throws {
    self.parameterNames = parameterNames
    do {
      let bytes = try TensorPass.verifiedBytes(of: NamedTensor(graph.name, graph.tensor))
      guard graph.tensor.elementType == .string, graph.tensor.shape.rank == 0,
        let text = try StringTensor.decode(bytes, count: 1).first
      else { throw StateError(.malformed, "the object graph is no string") }
      self.graph = try ObjectGraphIndex(serialized: text)
    } catch let error as StateError {
      throw error.inContext(tensor: graph.name)
    }
  }

  /// Sorts the tensors into what the hub knows.
  mutating func state(
    of tensors: [StateTensor],
    attributes: [String: AttributeValue]
  ) throws -> TrainingState {
    var state = TrainingState(
      origin: StateFormat.tensorFlowObject.origin,
      attributes: attributes
    )
    state.contents = Contents(tensors)
    let names = hubNames(of: tensors)
    if let parameterNames, graph.openName != nil { try decide(parameterNames, names) }
    var several = ObjectOptimizers(graph, names)
    let counting = several.isEmpty ? counting(tensors) : nil
    var places: [ExactName: Int] = [:]
    var slots: [(entry: ObjectGraphIndex.SlotEntry, tensor: StateTensor)] = []
    var values: [String: AttributeValue] = [:]
    for tensor in tensors {
      let name = names[ExactName(tensor.name)] ?? tensor.name
      if let slot = graph.slots[ExactName(tensor.name)] {
        slots.append((slot, tensor.keyed(as: name)))
      } else if let own = graph.optimizerVariable(tensor.name), tensor.tensor.shape.rank == 0 {
        let tensor = tensor.keyed(as: name)
        if let owner = several.names[own.optimizer] {
          try place(own, tensor, of: owner, &state, &several)
        } else {
          try place(own, tensor, isStep: own.optimizer == counting, &state, &values)
        }
      } else if graph.isListed(tensor.name) {
        state.optimizerTensors.append(tensor.keyed(as: name))
      } else if isScalingLoss(tensor) {
        state.optimizerTensors.append(tensor.keyed(as: name))
      } else if !tensor.name.hasSuffix("/.ATTRIBUTES/VARIABLE_VALUE") || isBesideModel(tensor) {
        state.extras.append(tensor)
      } else {
        places[ExactName(tensor.name)] = state.variables.count
        state.variables.append(Variable(name, value: tensor.keyed(as: name)))
      }
    }
    try state.readOptimizer { state in
      let kinds = Dictionary(grouping: slots, by: \.entry.optimizer)
        .mapValues { Set($0.map(\.entry.kind)) }
      for (entry, tensor) in slots {
        guard let place = places[ExactName(entry.variable)] else {
          throw StateError(
            .malformed,
            "is a slot of a variable that the checkpoint does not have",
            tensor: tensor.sourceName,
            expected: entry.variable
          )
        }
        var slot = Self.slot(
          entry.kind,
          optimizer: graph.families[entry.optimizer] ?? "",
          siblings: kinds[entry.optimizer] ?? []
        )
        let owner = state.variables[place].value?.tensor.shape
        if tensor.tensor.shape.rank == 0, owner?.rank ?? 0 > 0,
          [.factoredRow, .factoredColumn].contains(slot)
        {
          // It stands for means that a vector does not have.
          state.extras.append(tensor)
          continue
        }
        // A second optimizer's slots keep their own word, and the optimizer's number.
        if state.variables[place][slot] != nil {
          slot = SlotName(rawValue: "\(entry.kind)_\(entry.optimizer)")
        }
        state.variables[place].slots.append(Slot(slot, tensor))
      }
    }
    arrange(&state.variables)
    state.attributes[TrainingState.openName] = graph.openName.map(AttributeValue.string)
    state.optimizers = several.optimizers(in: state)
    if several.isEmpty, let own = onlyOptimizer {
      state.optimizer = ObjectOptimizers.record(of: own, graph, values, state)
    }
    state.naming = NamingConvention.recognize(state.variables.lazy.map(\.name))
    return state
  }

  /// Puts variables in the order of the model, and says of those in a model inside it what holds them.
  private func arrange(_ variables: inout [Variable]) {
    let places = graph.places
    func place(_ variable: Variable) -> ObjectGraphIndex.ModelPlace? {
      variable.value?.sourceName.flatMap { places[ExactName($0)] }
    }
    variables = variables.enumerated()
      .sorted { one, other in
        (place(one.element)?.number ?? Int.max, one.offset)
          < (place(other.element)?.number ?? Int.max, other.offset)
      }
      .map(\.element)
    let models = Set(places.values.filter { $0.depth > 1 }.compactMap(\.layer))
    let names = Dictionary(grouping: models) {
      $0.split(separator: "/").last.map(String.init) ?? $0
    }
    for index in variables.indices {
      guard let layer = place(variables[index])?.layer, models.contains(layer) else { continue }
      let short = layer.split(separator: "/").last.map(String.init) ?? layer
      let name = names[short]?.count == 1 ? short : layer
      variables[index].value?.attributes[TrainingState.innerModel] = .string(name)
    }
  }

  /// Pairs the slots that the graph leaves open, by names of the hub.
  private mutating func decide(_ given: [String], _ names: [ExactName: String]) throws {
    let keys = Dictionary(
      names.map { (ExactName($1), $0.text) },
      uniquingKeysWith: { one, _ in one }
    )
    try graph.decide(
      given.map { name in
        guard let key = keys[ExactName(name)] else {
          throw StateError(.invalidArgument, "the state has no such variable", tensor: name)
        }
        return (name, key)
      }
    )
  }

  /// Whether a tensor is a loss scale, or a counter of what it has gone through.
  private func isScalingLoss(_ tensor: StateTensor) -> Bool {
    guard tensor.name.hasSuffix(Self.suffix) else { return false }
    let path = String(tensor.name.dropLast(Self.suffix.count))
    let isScalar = tensor.tensor.shape.rank == 0
    return TrainingHelper(path, isScalar: isScalar, isVariable: { _ in false }) != nil
  }

  /// Objects that measure a model: their sums and counts are no parameters.
  private static let measures: Set = ["metrics", "_metrics", "compiled_metrics", "keras_api"]

  /// Whether a tensor is a counter or a metric beside a model.
  private func isBesideModel(_ tensor: StateTensor) -> Bool {
    if tensor.tensor.shape.rank == 0, !tensor.tensor.elementType.isFloatingPoint { return true }
    return tensor.name.split(separator: "/").contains { Self.measures.contains(String($0)) }
  }

  /// Puts a scalar of an optimizer where it belongs: the step, a hyper-parameter, or neither.
  private func place(
    _ own: (optimizer: Int, name: String),
    _ tensor: StateTensor,
    isStep: Bool,
    _ state: inout TrainingState,
    _ values: inout [String: AttributeValue]
  ) throws {
    var tensor = tensor
    // The optimizers of tf.compat.v1 count nothing themselves.
    if Self.counters.contains(own.name) {
      state.attributes[TrainingState.keepsSteps] = .bool(true)
    }
    if Self.counters.contains(own.name), tensor.tensor.elementType == .int64, isStep {
      let bytes = try TensorPass.verifiedBytes(of: NamedTensor(tensor.name, tensor.tensor))
      tensor.name = "global_step"
      state.globalStep = try GlobalStep(tensor, bytes: bytes)
      return
    }
    if let key = Self.hyperparameters[own.name], tensor.tensor.elementType == .float32,
      isStep || graph.families.count == 1
    {
      let bytes = try TensorPass.verifiedBytes(of: NamedTensor(tensor.name, tensor.tensor))
      let bits = bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      values[key] = .double(Double(Float(bitPattern: bits)))
      tensor.attributes[Self.hyperparameter] = .string(key)
    }
    state.optimizerTensors.append(tensor)
  }

  /// Puts a scalar of one of several optimizers where it belongs.
  private func place(
    _ own: (optimizer: Int, name: String),
    _ tensor: StateTensor,
    of owner: String,
    _ state: inout TrainingState,
    _ several: inout ObjectOptimizers
  ) throws {
    var tensor = tensor
    if Self.counters.contains(own.name), tensor.tensor.elementType == .int64 {
      state.attributes[TrainingState.keepsSteps] = .bool(true)
      let bytes = try TensorPass.verifiedBytes(of: NamedTensor(tensor.name, tensor.tensor))
      several.steps[own.optimizer] = try GlobalStep(tensor, bytes: bytes).value
      tensor.attributes[ObjectOptimizers.counter] = .string(owner)
    } else if let key = Self.hyperparameters[own.name], tensor.tensor.elementType == .float32 {
      let bytes = try TensorPass.verifiedBytes(of: NamedTensor(tensor.name, tensor.tensor))
      let bits = bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      let value = AttributeValue.double(Double(Float(bitPattern: bits)))
      several.values[own.optimizer, default: [:]][key] = value
      tensor.attributes[Self.hyperparameter] = .string(key)
      tensor.attributes[ObjectOptimizers.owner] = .string(owner)
    }
    state.optimizerTensors.append(tensor)
  }

  /// The optimizer whose counter is the step: the first that has slots, else the first of all.
  ///
  /// What scales the loss of another counts for itself.
  private func counting(_ tensors: [StateTensor]) -> Int? {
    let owning = Set(tensors.compactMap { graph.slots[ExactName($0.name)]?.optimizer })
    let counters = tensors.compactMap { tensor -> Int? in
      guard let own = graph.optimizerVariable(tensor.name), Self.counters.contains(own.name) else {
        return nil
      }
      return own.optimizer
    }
    return counters.filter(owning.contains).min() ?? counters.first
  }

  /// The optimizer's node, where the checkpoint has one that is used.
  private var onlyOptimizer: Int? {
    let owning = Set(graph.slots.values.map(\.optimizer))
    let own = graph.families.keys.filter { owning.isEmpty || owning.contains($0) }
    return own.count == 1 ? own.first : nil
  }

  private static let vocabulary = SlotVocabulary(
    .keras3,
    .tfKeras,
    .tfKerasLegacy,
    .tensorFlowObjects,
    .bert4keras
  )

  /// The hub's name of a slot.
  ///
  /// - Parameters:
  ///   - word: What the optimizer calls it, such as `m`, `velocity` or `accumulated_grad`.
  ///   - optimizer: The optimizer's class or variable name, such as `AdamW` or `rmsprop`.
  ///   - siblings: The words for all slots of the optimizer, which tell where the name does not.
  /// - Returns: The name; a word that is not known stands for itself.
  static func slot(_ word: String, optimizer: String, siblings: Set<String>) -> SlotName {
    let kind = OptimizerCatalog.description(ofKerasClass: optimizer)?.kind
    return vocabulary.slot(word, of: kind, isPresent: siblings.contains)
      ?? SlotName(rawValue: word)
  }

  /// Names of the hub by key: the variable's own where nothing else has it, else its path in the graph.
  private func hubNames(of tensors: [StateTensor]) -> [ExactName: String] {
    let full = tensors.map { ($0.name, graph.fullName(of: $0.name)) }
    let counts = Dictionary(full.compactMap(\.1).map { (ExactName($0), 1) }, uniquingKeysWith: +)
    let paths = full.map { key, _ in
      key.utf8.count > Self.suffix.utf8.count && key.hasSuffix(Self.suffix)
        ? String(key.dropLast(Self.suffix.count)) : key
    }
    let taken = Set(paths.map(ExactName.init))
    return Dictionary(
      zip(full, paths).map { entry, path in
        let (key, name) = entry
        guard let name, counts[ExactName(name)] == 1,
          !taken.contains(ExactName(name)) || ExactName(name) == ExactName(path)
        else { return (ExactName(key), path) }
        return (ExactName(key), name)
      },
      uniquingKeysWith: { first, _ in first }
    )
  }

  private static let suffix = "/.ATTRIBUTES/VARIABLE_VALUE"
}

extension StateTensor {
  /// The tensor under a name of the hub, its key in the checkpoint kept.
  fileprivate func keyed(as name: String) -> StateTensor {
    var copy = self
    copy.sourceName = self.name
    copy.name = name
    return copy
  }
}
