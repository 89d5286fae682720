internal import ByteIO
internal import HDF5
internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// Turns a legacy `.h5` file into a state.
struct LegacyDecoder {
  private typealias Name = KerasNames

  private let file: KerasFile
  /// Where the layers are: `model_weights` in a file of a whole model, the root else.
  private let base: String
  private var state = TrainingState(origin: StateFormat.kerasLegacy.origin)
  private var owners: [SlotOwner] = []
  private var frozen: Set<ExactName> = []
  private var isTouched: Set<ExactName> = []

  init(_ file: KerasFile) {
    self.file = file
    base = file.catalog.object(Name.modelWeights) == nil ? "" : Name.modelWeights
    state.contents = file.contents
  }

  /// The state.
  mutating func decode() throws -> TrainingState {
    let model = try json(Name.modelConfig)
    frozen = model.map { ModelConfig($0).frozen } ?? []
    let isWhole = !base.isEmpty
    state.attributes[Name.Attribute.layout] = .string(isWhole ? "model" : "weights")
    for (attribute, key) in [
      (Name.version, Name.Attribute.version), (Name.backend, Name.Attribute.backend),
    ] {
      let text = try file.text(attribute, of: base) ?? file.text(attribute, of: "")
      if let text { state.attributes[key] = .string(text) }
    }
    try readLayers()
    state.naming = NamingConvention.recognize(state.variables.lazy.map(\.name))
    let before = state
    do {
      let training = try json(Name.trainingConfig)
      try readOptimizer(training.flatMap(OptimizerConfig.init(training:)))
      try refuseStrays()
    } catch let error as StateError where error.code.concernsData {
      state = before
      state.fault = error
    }
    return state
  }

  /// A configuration, kept as an extra of the state, byte for byte.
  private mutating func json(_ name: String) throws -> JSONTree? {
    guard let text = try file.text(name, of: "") else { return nil }
    let bytes = Array(text.utf8)
    let tensor = try Tensor(.uint8, .vector(bytes.count), bytes: bytes)
    state.extras.append(StateTensor(name, tensor))
    return try JSONTree.parse(bytes, "'\(name)'")
  }

  // MARK: Layers

  private mutating func readLayers() throws {
    guard let layers = try file.names(Name.layerNames, of: base) else {
      throw StateError(
        .malformed,
        "the file lists no layers",
        tensor: "/" + base,
        expected: "the attribute '\(Name.layerNames)'"
      )
    }
    guard Set(layers.map(ExactName.init)).count == layers.count else {
      throw StateError(.malformed, "the list of layers names one twice", tensor: "/" + base)
    }
    state.attributes[Name.Attribute.layers] = .strings(layers)
    var groups = layers
    if file.catalog.object(path(Name.topLevel)) != nil { groups.append(Name.topLevel) }
    var weights: [(layer: String, weight: String)] = []
    for layer in groups {
      guard file.catalog.object(path(layer)) != nil else {
        throw StateError(
          .malformed,
          "the list of layers names one that has no group",
          tensor: "/" + path(layer),
          expected: "\(layers.count) layers"
        )
      }
      for weight in try file.names(Name.weightNames, of: path(layer)) ?? [] {
        weights.append((layer, weight))
      }
    }
    var uses: [ExactName: Int] = [:]
    for entry in weights { uses[ExactName(KerasNames.plain(entry.weight)), default: 0] += 1 }
    for (layer, weight) in weights {
      let plain = KerasNames.plain(weight)
      // Two layers may call their weights alike: their groups tell them apart.
      let name = uses[ExactName(plain)] == 1 ? plain : "\(layer)/\(plain)"
      try add(weight, of: layer, as: name)
    }
  }

  private func path(_ layer: String) -> String {
    let parts = KerasNames.components(base) + KerasNames.components(layer)
    return parts.joined(separator: "/")
  }

  private mutating func add(_ weight: String, of layer: String, as name: String) throws {
    let path = ([path(layer)] + KerasNames.components(weight)).joined(separator: "/")
    guard isTouched.insert(ExactName(path)).inserted else {
      throw StateError(.malformed, "the lists of weights name one twice", tensor: "/" + path)
    }
    let tensor = try file.tensor(path)
    var value = StateTensor(
      name,
      tensor,
      sourceName: weight,
      index: owners.count,
      attributes: [Name.Attribute.layer: .string(layer)]
    )
    value.place = path
    let parts = KerasNames.components(name)
    let isFrozen =
      frozen.contains(ExactName(layer))
      || parts.dropLast().contains { frozen.contains(ExactName($0)) }
    owners.append(
      SlotOwner(
        name: name,
        shape: tensor.shape,
        isTrainable: !isFrozen && WeightNames.isTrainable(name, tensor)
      )
    )
    state.variables.append(Variable(name, value: value))
  }

  // MARK: Optimizer

  private mutating func readOptimizer(_ config: OptimizerConfig?) throws {
    let group = Name.optimizerWeights
    let isThere = file.catalog.object(group)?.dataset == nil && file.catalog.object(group) != nil
    let names = isThere ? try file.names(Name.weightNames, of: group) ?? [] : []
    var list: [StateTensor] = []
    for (index, name) in names.enumerated() {
      let path = ([group] + KerasNames.components(name)).joined(separator: "/")
      guard isTouched.insert(ExactName(path)).inserted else {
        throw StateError(.malformed, "the list of weights names one twice", tensor: "/" + path)
      }
      var tensor = StateTensor(name, try file.tensor(path), sourceName: name, index: index)
      tensor.place = path
      list.append(tensor)
    }
    let counted = list.first.flatMap { KerasFamily(counter: $0.name) }
    guard let first = list.first else {
      let family = guess(config)
      state.optimizer = config?.record(family)
      state.schedule = config?.schedule
      return
    }
    var release: KerasRelease?
    if case .string(let version) = state.attributes[Name.Attribute.version] {
      release = KerasRelease(version)
    }
    let isUncounted =
      counted == nil && release?.isBefore(2, 3, 0) == true
      && config.flatMap { OptimizerCatalog.description(of: $0.kind) }?.keras.wasUncounted == true
    guard let family = counted ?? (isUncounted ? .multiBackend : nil) else {
      throw StateError(
        .unsupported,
        "the optimizer's list does not begin with a counter of updates",
        tensor: first.name,
        expected: "iterations:0, iter:0, iteration:0 or iteration"
      )
    }
    let isSorted = family == .multiBackend && release?.isBefore(2, 0, 6) == true
    let order = isSorted ? orderByName : Array(owners.indices)
    let pairs = try SlotPairing.pair(
      list,
      with: order.map { owners[$0] },
      config: config,
      family: family,
      kind: config?.kind,
      hasCounter: counted != nil
    )
    if let step = pairs.step {
      let path = ([group] + KerasNames.components(step.name)).joined(separator: "/")
      let bytes = try file.bytes(path)
      let isFloat = family == .multiBackend && release?.isBefore(2, 0, 8) == true
      let types: [ElementType: Bool] = [.float32: isFloat, .int32: family == .keras3]
      state.globalStep =
        try step.tensor.shape.rank == 0 && types[step.tensor.elementType] == true
        ? StepTensor.globalStep(step, format: Name.counters) : GlobalStep(step, bytes: bytes)
    }
    for (owner, slot) in pairs.slots { state.variables[order[owner]].slots.append(slot) }
    state.optimizerTensors = pairs.scalars
    state.extras += pairs.placeholders
    state.optimizer = config?.record(family)
    state.schedule = config?.schedule
    try KerasRate.read(into: &state)
  }

  /// The variables' numbers in the order of the weights' names.
  private var orderByName: [Int] {
    let names = state.variables.map { ExactName($0.value?.sourceName ?? $0.name) }
    return names.indices.sorted { names[$0] < names[$1] }
  }

  /// The family of an optimizer that keeps nothing.
  private func guess(_ config: OptimizerConfig?) -> KerasFamily {
    if config?.values["is_legacy_optimizer"] != nil { return .current }
    if case .string(let version) = state.attributes[Name.Attribute.version],
      version.hasPrefix("3.")
    {
      return .keras3
    }
    return .legacy
  }

  /// Every dataset is in a list, or the lists do not describe the file.
  private func refuseStrays() throws {
    let all = file.datasets(below: [])
    guard let stray = all.first(where: { !isTouched.contains(ExactName($0)) }) else { return }
    throw StateError(
      .malformed,
      "the file has datasets that its lists of names do not mention",
      tensor: "/" + stray,
      expected: "\(isTouched.count) datasets",
      found: "\(all.count)"
    )
  }
}
