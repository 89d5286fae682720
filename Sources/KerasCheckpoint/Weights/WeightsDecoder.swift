internal import ByteIO
internal import HDF5
internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// Turns the weights files of Keras 3, and of tf.keras from 2.12 on, into a state.
struct WeightsDecoder {
  private typealias Name = KerasNames

  private let files: [KerasFile]
  private let groups: [VariableGroup]
  private let config: OptimizerConfig?
  private let model: ModelConfig?
  private let options: ReadOptions
  private var state: TrainingState
  private var owners: [SlotOwner] = []
  /// Numbers of the variables of each group.
  private var places: [Int: [Int]] = [:]

  /// Prepares to read.
  ///
  /// - Parameters:
  ///   - files: The files that belong together.
  ///   - configuration: The archive's `config.json`, where there is one.
  ///   - options: The variables in the optimizer's order and the optimizer, where the caller knows them.
  ///   - origin: Where the state is to come from.
  /// - Throws: `StateError` with code `malformed` or `unsupported`.
  init(
    _ files: [KerasFile],
    configuration: JSONTree?,
    options: ReadOptions,
    origin: Origin
  ) throws {
    self.files = files
    groups = try VariableGroup.all(in: files)
    config = configuration.flatMap(OptimizerConfig.init(archive:))
    model = configuration.map(ModelConfig.init)
    self.options = options
    state = TrainingState(origin: origin)
  }

  /// The state.
  mutating func decode() throws -> TrainingState {
    state.attributes[Name.Attribute.groups] = .strings(
      groups.map { group in
        let path = (group.path + ["vars"]).joined(separator: "/")
        return group.name.map { "\(path)\t\($0)" } ?? path
      }
    )
    let chosen = groups.indices.filter { number in
      !["optimizer", "metrics"].contains(groups[number].path.first)
    }
    let tree = WeightsTree(groups, chosen, model)
    try readVariables(tree)
    state.naming = NamingConvention.recognize(state.variables.lazy.map(\.name))
    for group in groups where group.path.first == "metrics" {
      for member in group.members {
        state.extras.append(StateTensor(member.path, try tensor(member), sourceName: member.path))
      }
    }
    try readOptimizer(tree)
    return state
  }

  private func tensor(_ member: (path: String, file: Int)) throws -> Tensor {
    try files[member.file].tensor(member.path)
  }

  // MARK: Variables

  private mutating func readVariables(_ tree: WeightsTree) throws {
    let frozen = model?.frozen ?? []
    var found: [(name: String, path: String, group: Int, tensor: Tensor, isFrozen: Bool)] = []
    for (group, names, layer) in tree.sorted {
      let members = groups[group].members
      let words = words(groups[group], layer, count: members.count)
      let isFrozen = names.contains { frozen.contains(ExactName($0)) }
      for (word, member) in zip(words, members) {
        let name = (names + [word]).joined(separator: "/")
        found.append((name, member.path, group, try tensor(member), isFrozen))
      }
    }
    var uses: [ExactName: Int] = [:]
    for entry in found { uses[ExactName(entry.name), default: 0] += 1 }
    for entry in found {
      let name = uses[ExactName(entry.name)] == 1 ? entry.name : entry.path
      places[entry.group, default: []].append(owners.count)
      owners.append(
        SlotOwner(
          name: name,
          shape: entry.tensor.shape,
          isTrainable: !entry.isFrozen && WeightNames.isTrainable(entry.name, entry.tensor)
        )
      )
      let value = StateTensor(name, entry.tensor, sourceName: entry.path, index: owners.count - 1)
      state.variables.append(Variable(name, value: value))
    }
  }

  /// The names of an object's variables, their numbers where its class is not known.
  private func words(
    _ group: VariableGroup,
    _ layer: ModelConfig.Layer?,
    count: Int
  ) -> [String] {
    var classes: [String] = []
    if let last = group.path.last {
      classes.append(SnakeCase.base(of: last))
      // The projections inside Keras' attention layers.
      if last.hasSuffix("_dense") { classes.append("einsum_dense") }
    }
    if let name = group.name { classes.append(SnakeCase.base(of: name)) }
    for className in classes {
      if let known = WeightNames.variables(of: className, count: count) {
        // A norm that has one of its two does not say which.
        return layer?.values["center"]?.flag == false && known == ["gamma", "beta"]
          ? (0..<count).map(String.init) : known
      }
    }
    return (0..<count).map(String.init)
  }

  // MARK: Optimizer

  private func group(_ path: [String]) -> VariableGroup? {
    groups.first { $0.path == path && !$0.members.isEmpty }
  }

  private mutating func readOptimizer(_ tree: WeightsTree) throws {
    let outer = group(["optimizer"])
    let inner = group(["optimizer", "inner_optimizer"])
    let hasNames = groups.contains { $0.name != nil }
    let family: KerasFamily = hasNames ? .keras3 : isLegacy ? .legacy : .current
    state.optimizer = config?.record(family)
    state.schedule = config?.schedule
    guard let own = inner ?? outer else { return }
    let others = groups.filter {
      $0.path.first == "optimizer" && !$0.members.isEmpty && $0.path != own.path
        && !($0.path == ["optimizer"] && inner != nil)
    }
    guard others.isEmpty else {
      throw StateError(
        .unsupported,
        "the optimizer keeps variables in a place that is not known",
        tensor: "/" + others[0].path.joined(separator: "/")
      )
    }
    let list = try own.members.enumerated().map { index, member in
      StateTensor(member.path, try tensor(member), sourceName: member.path, index: index)
    }
    let kind = config?.kind ?? Self.kind(named: own.name)
    var pairs = try pair(list, tree, kind, family)
    if inner != nil, let outer { try addWrapper(outer, list.count, &pairs) }
    if let step = pairs.step, let member = own.members.first {
      state.globalStep = try GlobalStep(step, bytes: try files[member.file].bytes(member.path))
    }
    for (owner, slot) in pairs.slots { state.variables[owner].slots.append(slot) }
    state.optimizerTensors += pairs.scalars
    state.extras += pairs.placeholders
    if state.optimizer == nil, let kind { state.optimizer = OptimizerRecord(kind: kind) }
    if config == nil, family == .keras3, kind != nil {
      state.optimizer?.hyperparameters["arithmetic"] = .string(Arithmetic.keras.rawValue)
    }
    try KerasRate.read(into: &state)
  }

  /// Whether the optimizer is one that came before tf.keras 2.11, such as keras-bert's.
  private var isLegacy: Bool {
    config.map { $0.values["is_legacy_optimizer"] == nil } ?? false
  }

  /// The rule behind an optimizer's own name, where it is the one that Keras gives.
  private static func kind(named name: String?) -> String? {
    name.flatMap { OptimizerCatalog.description(ofKerasClass: $0)?.kind }
  }

  /// Pairs the list in every order that the file leaves open; slots stay unpaired where several fit.
  private func pair(
    _ list: [StateTensor],
    _ tree: WeightsTree,
    _ kind: String?,
    _ family: KerasFamily
  ) throws -> OptimizerTensors {
    guard let step = list.first else { return OptimizerTensors() }
    let rest = Array(list.dropFirst())
    var failure: StateError?
    var found: [OptimizerTensors] = []
    for order in try candidates(tree) ?? [] {
      let arranged = order.map { owners[$0] }
      do {
        var pairs = try OrderPairing(
          arranged,
          family,
          kind: kind,
          config: config,
          given: options.optimizer
        ).pairs(rest)
        pairs.slots = pairs.slots.map { (order[$0.owner], $0.slot) }
        if !found.contains(where: { $0.owners == pairs.owners }) { found.append(pairs) }
      } catch let error as StateError {
        failure = failure ?? error
      }
    }
    if found.count == 1 {
      found[0].step = step
      return found[0]
    }
    if found.isEmpty, let failure { throw failure }
    // The file does not say which slot is whose: kept as they are, they do no harm.
    var loose = OptimizerTensors(step: step)
    loose.scalars = rest
    return loose
  }

  /// The orders in which the optimizer may number the variables.
  private func candidates(_ tree: WeightsTree) throws -> [[Int]]? {
    guard let parameterNames = options.parameterNames else {
      return tree.orders?.map { order in order.flatMap { places[$0] ?? [] } }
    }
    let known = Dictionary(
      owners.enumerated().map { (ExactName($0.element.name), $0.offset) },
      uniquingKeysWith: { first, _ in first }
    )
    return [
      try parameterNames.map { name in
        guard let place = known[ExactName(name)] else {
          throw StateError(.invalidArgument, "the state has no such variable", tensor: name)
        }
        return place
      }
    ]
  }

  /// The variables of loss scaling; those behind them are the wrapped optimizer's once more.
  private mutating func addWrapper(
    _ outer: VariableGroup,
    _ innerCount: Int,
    _ pairs: inout OptimizerTensors
  ) throws {
    let own = outer.members.count - innerCount
    guard own > 0 else {
      throw StateError(
        .malformed,
        "loss scaling keeps fewer variables than the optimizer that it wraps",
        expected: "more than \(innerCount)",
        found: "\(outer.members.count)"
      )
    }
    state.attributes[Name.Attribute.lossScale] = .bool(true)
    for (index, member) in outer.members.prefix(own).enumerated() {
      var tensor = StateTensor(
        member.path,
        try tensor(member),
        sourceName: member.path,
        index: index
      )
      tensor.attributes[Name.Attribute.list] = .string("optimizer")
      pairs.scalars.append(tensor)
    }
  }
}
