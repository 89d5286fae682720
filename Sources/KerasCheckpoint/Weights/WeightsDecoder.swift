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
  /// Whether each variable could be trained if no layer were frozen.
  private var canTrain: [Bool] = []
  /// Numbers of the variables of each group.
  private var places: [Int: [Int]] = [:]
  /// Groups of objects whose class does not say which of their variables are trained.
  private var unknownGroups: Set<Int> = []

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
    let others = try Set(groups.filter(isOptimizer).compactMap(\.path.first).map(ExactName.init))
    let chosen = groups.indices.filter { number in
      let first = groups[number].path.first
      return !["optimizer", "metrics"].contains(first)
        && !(first.map { others.contains(ExactName($0)) } ?? false)
    }
    let tree = WeightsTree(groups, chosen, model)
    try readVariables(tree)
    state.naming = NamingConvention.recognize(state.variables.lazy.map(\.name))
    for group in groups where group.path.first == "metrics" { try carry(group) }
    for group in groups where group.path.first.map({ others.contains(ExactName($0)) }) == true {
      try carry(group)
    }
    try readOptimizer(tree)
    return state
  }

  /// Takes a group's variables along, whatever they are.
  private mutating func carry(_ group: VariableGroup) throws {
    for member in group.members {
      state.extras.append(StateTensor(member.path, try tensor(member), sourceName: member.path))
    }
  }

  /// Whether a group is an optimizer that a model of a class of its own has beside the one that it was compiled with, or
  /// in its stead.
  private func isOptimizer(_ group: VariableGroup) throws -> Bool {
    guard group.path.count == 1, group.path != ["optimizer"], let first = group.members.first,
      group.name.flatMap({ OptimizerCatalog.description(ofKerasClass: $0) }) != nil
    else { return false }
    let counter = try tensor(first)
    return [.int32, .int64].contains(counter.elementType) && counter.shape.rank == 0
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
      let known = words(groups[group], layer, count: members.count)
      if known == nil { unknownGroups.insert(group) }
      let words = known ?? (0..<members.count).map(String.init)
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
      let canTrain = WeightNames.isTrainable(entry.name, entry.tensor)
      self.canTrain.append(canTrain)
      owners.append(
        SlotOwner(
          name: name,
          shape: entry.tensor.shape,
          isTrainable: !entry.isFrozen && canTrain
        )
      )
      let value = StateTensor(name, entry.tensor, sourceName: entry.path, index: owners.count - 1)
      state.variables.append(Variable(name, value: value))
    }
  }

  /// The names of an object's variables, `nil` where its class is not known.
  private func words(
    _ group: VariableGroup,
    _ layer: ModelConfig.Layer?,
    count: Int
  ) -> [String]? {
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
    return nil
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
    for group in others { try carry(group) }
    let list = try own.members.enumerated().map { index, member in
      StateTensor(member.path, try tensor(member), sourceName: member.path, index: index)
    }
    let kind = config?.kind ?? Self.kind(named: own.name)
    // An optimizer made of several keeps their lists in it, one behind the other.
    var pairs =
      try others.isEmpty ? pair(list, tree, kind, family) : Self.unpaired(list)
    if inner != nil, let outer { try addWrapper(outer, list.count, &pairs) }
    if let step = pairs.step, let member = own.members.first {
      // Taken as a number now, so nobody else will ever compare its sum.
      _ = try files[member.file].bytes(member.path)
      let record = config?.record(family) ?? options.optimizer
      let batches = record?.hyperparameters["accumulation_steps"]?.number ?? 1
      state.globalStep = try BatchCounter.step(step, batches: Int64(exactly: batches) ?? 1)
    }
    for (owner, slot) in pairs.slots { state.variables[owner].slots.append(slot) }
    state.optimizerTensors += pairs.scalars
    state.optimizerTensors += pairs.placeholders
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

  /// Pairs the list with the variables; slots stay unpaired where several orders fit, or none.
  ///
  /// - Throws: `StateError` with code `malformed` where the optimizer's class keeps no such list.
  private mutating func pair(
    _ list: [StateTensor],
    _ tree: WeightsTree,
    _ kind: String?,
    _ family: KerasFamily
  ) throws -> OptimizerTensors {
    guard let step = list.first else { return OptimizerTensors() }
    let rest = Array(list.dropFirst())
    let pairing = pairing(owners, family, kind)
    if let known = try knownOrder() {
      var pairs = try pairs(rest, known, family, kind)
      pairs.step = step
      return pairs
    }
    let patterns = pairing.patterns(rest)
    if patterns.isEmpty, kind != nil { _ = try pairing.pairs(rest) }
    var found: [OptimizerTensors] = []
    var isFound = true
    for pattern in patterns {
      guard let orders = try OrderFinder(tree, pattern, owners, trained: trained).orders() else {
        isFound = false
        continue
      }
      for order in orders {
        guard let some = try? pairs(rest, order, family, kind),
          !found.contains(where: { $0.owners == some.owners })
        else { continue }
        found.append(some)
      }
    }
    if found.count == 1, isFound {
      found[0].step = step
      return found[0]
    }
    if found.count > 1 {
      state.attributes[TrainingState.openOrder] = .string(difference(found[0], found[1]))
    }
    // The file does not say which slot is whose: kept as they are, they do no harm.
    return Self.unpaired(list)
  }

  /// A list of which nothing is known but its counter.
  private static func unpaired(_ list: [StateTensor]) -> OptimizerTensors {
    var loose = OptimizerTensors(step: list.first)
    loose.scalars = Array(list.dropFirst())
    return loose
  }

  private func pairing(
    _ owners: [SlotOwner],
    _ family: KerasFamily,
    _ kind: String?
  ) -> OrderPairing {
    OrderPairing(owners, family, kind: kind, config: config, given: options.optimizer)
  }

  /// The pairs if the list has the slots of some variables in their order.
  private func pairs(
    _ tensors: [StateTensor],
    _ order: [Int],
    _ family: KerasFamily,
    _ kind: String?
  ) throws -> OptimizerTensors {
    // What the list has slots for was trained, whatever has been frozen since.
    let arranged = order.map { place in
      SlotOwner(name: owners[place].name, shape: owners[place].shape, isTrainable: true)
    }
    var pairs = try pairing(arranged, family, kind).pairs(tensors)
    pairs.slots = pairs.slots.map { (order[$0.owner], $0.slot) }
    return pairs
  }

  /// The order that the caller or a file of ours tells, `nil` where nobody does.
  private func knownOrder() throws -> [Int]? {
    if let names = options.parameterNames { return try ParameterOrder(owners).places(of: names) }
    guard
      let paths = try files.lazy.compactMap({ try $0.names(Name.owners, of: "optimizer/vars") })
        .first
    else { return nil }
    let known = Dictionary(
      state.variables.enumerated().map { (ExactName($1.value?.sourceName ?? ""), $0) },
      uniquingKeysWith: { first, _ in first }
    )
    let places = paths.compactMap { known[ExactName($0)] }
    guard places.count == paths.count, Set(places).count == places.count else {
      throw StateError(
        .malformed,
        "the order of the slots names a variable that is not there, or one twice",
        tensor: "/optimizer/vars"
      )
    }
    return places
  }

  /// What a search may take of a group: what is trained, or what would be if nothing were frozen.
  private func trained(_ group: Int, isThawed: Bool) -> (places: [Int], isOpen: Bool) {
    let some = (places[group] ?? []).filter { isThawed ? canTrain[$0] : owners[$0].isTrainable }
    return (some, unknownGroups.contains(group))
  }

  /// Where two readings of a list part, in words.
  private func difference(_ one: OptimizerTensors, _ other: OptimizerTensors) -> String {
    func order(_ pairs: OptimizerTensors) -> [Int] {
      var seen: Set<Int> = []
      return pairs.owners.filter { seen.insert($0).inserted }
    }
    let orders = [order(one), order(other)]
    let same = zip(orders[0], orders[1]).prefix { $0 == $1 }.count
    let rest = zip(orders[0].reversed(), orders[1].reversed()).prefix { $0 == $1 }.count
    func names(_ order: [Int]) -> String {
      let names = order.dropFirst(same).dropLast(rest).map { owners[$0].name }
      return names.prefix(12).joined(separator: ", ") + (names.count > 12 ? " …" : "")
    }
    return "from variable \(same + 1) on they are \(names(orders[0])), or \(names(orders[1]))"
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
