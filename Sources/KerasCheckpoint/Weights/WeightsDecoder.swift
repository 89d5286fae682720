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
  /// Numbers of the variables that are known to be another optimizer's.
  private var taken: Set<Int> = []

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
    let (groups, fault) = try VariableGroup.all(in: files)
    self.groups = groups
    config = configuration.flatMap(OptimizerConfig.init(archive:))
    model = configuration.map(ModelConfig.init)
    self.options = options
    state = TrainingState(origin: origin)
    var contents = Contents()
    for file in files { contents.append(file.contents) }
    state.contents = contents
    state.fault = fault
  }

  /// The state.
  mutating func decode() throws -> TrainingState {
    state.attributes[Name.Attribute.groups] = .strings(
      groups.map { group in
        let path = (group.path + ["vars"]).joined(separator: "/")
        return group.name.map { "\(path)\t\($0)" } ?? path
      }
    )
    let lists = try OptimizerLists(groups, files)
    let chosen = groups.indices.filter { number in
      groups[number].path.first != "metrics" && !lists.have(groups[number])
    }
    let tree = WeightsTree(groups, chosen, model)
    try readVariables(tree)
    state.naming = NamingConvention.recognize(state.variables.lazy.map(\.name))
    for group in groups where group.path.first == "metrics" { try carry(group) }
    if state.fault != nil { return state }
    let before = state
    do {
      try readIdle(lists)
      if lists.used.count > 1 {
        try readOptimizers(lists.used, tree)
      } else if let root = lists.used.first {
        try readOptimizer(root, tree)
      }
    } catch let error as StateError where error.code.concernsData {
      state = before
      state.fault = error
    }
    return state
  }

  /// Takes a group's variables along, whatever they are.
  private mutating func carry(_ group: VariableGroup) throws {
    for member in group.members {
      state.extras.append(StateTensor(member.path, try tensor(member), sourceName: member.path))
    }
  }

  /// Takes along what optimizers keep that have never run, or of which nothing can be said.
  private mutating func readIdle(_ lists: OptimizerLists) throws {
    guard !lists.idle.isEmpty else { return }
    let names = lists.idle.map { $0.joined(separator: "/") }
    state.attributes[Name.Attribute.idle] = .strings(names)
    for (root, name) in zip(lists.idle, names) {
      for group in groups where group.path.starts(with: root) {
        for var tensor in try list(of: group) {
          tensor.attributes[Name.Attribute.list] = .string(name)
          state.optimizerTensors.append(tensor)
        }
      }
    }
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

  /// Whose implementations of optimizers the file is of.
  private var family: KerasFamily {
    groups.contains { $0.name != nil } ? .keras3 : isLegacy ? .legacy : .current
  }

  private func list(of group: VariableGroup) throws -> [StateTensor] {
    try group.members.enumerated().map { index, member in
      StateTensor(member.path, try tensor(member), sourceName: member.path, index: index)
    }
  }

  private mutating func readOptimizer(_ root: [String], _ tree: WeightsTree) throws {
    // The configuration is that of the optimizer that the model was compiled with.
    let isCompiled = root == OptimizerLists.compiled
    let config = isCompiled ? config : nil
    if !isCompiled {
      state.attributes[Name.Attribute.optimizers] = .strings([root.joined(separator: "/")])
    }
    let outer = group(root)
    let inner = group(root + ["inner_optimizer"])
    state.optimizer = config?.record(family)
    state.schedule = config?.schedule
    guard let own = inner ?? outer else { return }
    let others = groups.filter {
      $0.path.starts(with: root) && !$0.members.isEmpty && $0.path != own.path
        && !($0.path == root && inner != nil)
    }
    for group in others { try carry(group) }
    let list = try list(of: own)
    let kind = config?.kind ?? Self.kind(named: own.name)
    // An optimizer made of several keeps their lists in it, one behind the other.
    var pairs =
      try others.isEmpty ? pair(list, tree, kind, root) : Self.unpaired(list)
    if inner != nil, let outer { try addWrapper(outer, own, &pairs) }
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

  /// Reads optimizers of which each trains variables of its own.
  ///
  /// What one of them certainly trains, no other does.
  private mutating func readOptimizers(_ roots: [[String]], _ tree: WeightsTree) throws {
    state.attributes[Name.Attribute.optimizers] = .strings(
      roots.map { $0.joined(separator: "/") }
    )
    let parts = try roots.compactMap { root in
      try group(root).map { own in
        (root: root, kind: Self.kind(named: own.name), list: try list(of: own))
      }
    }
    var known: [Int: OptimizerTensors] = [:]
    if var names = try options.parameterNames.map(ParameterOrder(owners).places)?[...] {
      for (number, part) in parts.enumerated() {
        known[number] = try beginning(of: &names, for: part.list, part.kind)
      }
    }
    var readings: [Int: [OptimizerTensors]] = [:]
    while known.count < parts.count {
      var certain: [Int: OptimizerTensors] = [:]
      for (number, part) in parts.enumerated() where known[number] == nil {
        let order = try fileOrder(below: part.root)
        let found = try order.map {
          [try pairs(Array(part.list.dropFirst()), $0, family, part.kind)]
        }
        let (some, isWhole) =
          try found.map { ($0, true) } ?? self.readings(part.list, tree, part.kind)
        readings[number] = some
        if some.count == 1, isWhole { certain[number] = some[0] }
      }
      // What two claim is neither's.
      let claims = certain.values.flatMap { Set($0.owners) }
      let counts = Dictionary(claims.map { ($0, 1) }, uniquingKeysWith: +)
      let apart = certain.filter { _, pairs in pairs.owners.allSatisfy { counts[$0] == 1 } }
      if apart.isEmpty { break }
      for (number, pairs) in apart {
        known[number] = pairs
        taken.formUnion(pairs.owners)
      }
    }
    for (number, part) in parts.enumerated() {
      if known[number] == nil, let open = readings[number], open.count > 1 {
        state.attributes[TrainingState.openOrder] = .string(difference(open[0], open[1]))
      }
      let name = part.root.joined(separator: "/")
      try add(known[number] ?? Self.unpaired(part.list), part.list, named: name, part.kind)
    }
  }

  /// The pairs of a list with the first of some variables, which then are gone from these.
  private func beginning(
    of places: inout ArraySlice<Int>,
    for list: [StateTensor],
    _ kind: String?
  ) throws -> OptimizerTensors {
    let rest = Array(list.dropFirst())
    for count in 0...places.count {
      guard let pairs = try? pairs(rest, Array(places.prefix(count)), family, kind) else {
        continue
      }
      places = places.dropFirst(count)
      return pairs
    }
    throw StateError(
      .invalidArgument,
      "the names do not go with the list of the optimizer, one optimizer's behind the other's",
      tensor: list.first?.name
    )
  }

  /// Adds what one of several optimizers keeps.
  private mutating func add(
    _ pairs: OptimizerTensors,
    _ list: [StateTensor],
    named name: String,
    _ kind: String?
  ) throws {
    func listed(_ tensor: StateTensor) -> StateTensor {
      var copy = tensor
      copy.attributes[Name.Attribute.list] = .string(name)
      if KerasNames.components(tensor.name).dropLast() == ["optimizer"] {
        copy.name = "\(name)/\(KerasNames.components(tensor.name).last ?? "")"
      }
      return copy
    }
    var step: Int64?
    if let counter = list.first,
      let file = groups.lazy.flatMap(\.members).first(where: { $0.path == counter.name })?.file
    {
      _ = try files[file].bytes(counter.name)
      let counted = try BatchCounter.step(counter, batches: 1)
      step = counted.value
      var tensor = listed(counted.tensor)
      tensor.name = counter.name
      tensor.attributes[Name.Attribute.counter] = .bool(true)
      state.optimizerTensors.append(tensor)
    }
    for (owner, slot) in pairs.slots {
      state.variables[owner].slots.append(Slot(slot.name, listed(slot.tensor)))
    }
    let scalars = pairs.scalars.map(listed)
    state.optimizerTensors += scalars
    state.optimizerTensors += pairs.placeholders.map(listed)
    var record = kind.map { OptimizerRecord(kind: $0) }
    if family == .keras3 {
      record?.hyperparameters["arithmetic"] = .string(Arithmetic.keras.rawValue)
    }
    if let rate = KerasRate.tensor(among: scalars, of: name) {
      record?.hyperparameters["learning_rate"] = .double(try KerasRate.value(rate))
    }
    let members = Set(pairs.owners).sorted().map { state.variables[$0].name }
    state.optimizers.append(NamedOptimizer(name, record: record, step: step, members: members))
  }

  /// Whether the optimizer is one that came before tf.keras 2.11, such as keras-bert's.
  private var isLegacy: Bool {
    config.map { $0.values["is_legacy_optimizer"] == nil } ?? false
  }

  /// The rule behind an optimizer's own name, where it is the one that Keras gives.
  private static func kind(named name: String?) -> String? {
    name.flatMap { OptimizerCatalog.description(ofKerasClass: SnakeCase.base(of: $0))?.kind }
  }

  /// Pairs the list with the variables; slots stay unpaired where several orders fit, or none.
  ///
  /// - Throws: `StateError` with code `malformed` where the optimizer's class keeps no such list.
  private mutating func pair(
    _ list: [StateTensor],
    _ tree: WeightsTree,
    _ kind: String?,
    _ root: [String]
  ) throws -> OptimizerTensors {
    guard let step = list.first else { return OptimizerTensors() }
    let given = try options.parameterNames.map(ParameterOrder(owners).places)
    if let known = try given ?? fileOrder(below: root) {
      var pairs = try pairs(Array(list.dropFirst()), known, family, kind)
      pairs.step = step
      return pairs
    }
    var (found, isWhole) = try readings(list, tree, kind)
    if found.count == 1, isWhole {
      found[0].step = step
      return found[0]
    }
    if found.count > 1 {
      state.attributes[TrainingState.openOrder] = .string(difference(found[0], found[1]))
    }
    // The file does not say which slot is whose: kept as they are, they do no harm.
    return Self.unpaired(list)
  }

  /// The readings of a list that differ in whose slots are whose, and whether all were looked at.
  ///
  /// - Throws: `StateError` with code `malformed` where the optimizer's class keeps no such list.
  private func readings(
    _ list: [StateTensor],
    _ tree: WeightsTree,
    _ kind: String?
  ) throws -> (found: [OptimizerTensors], isWhole: Bool) {
    let rest = Array(list.dropFirst())
    let pairing = pairing(owners, family, kind)
    let known = pairing.patterns(rest)
    let unknown = pairing.unknownPatterns(rest)
    if known.isEmpty, unknown.isEmpty, kind != nil { _ = try pairing.pairs(rest) }
    let (found, isWhole) = try readings(rest, tree, kind, known)
    return found.isEmpty ? try readings(rest, tree, kind, unknown) : (found, isWhole)
  }

  private func readings(
    _ rest: [StateTensor],
    _ tree: WeightsTree,
    _ kind: String?,
    _ patterns: [ListPattern]
  ) throws -> (found: [OptimizerTensors], isWhole: Bool) {
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
    return (found, isFound)
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

  /// The order that a file of ours tells, `nil` in one of Keras' own.
  private func fileOrder(below root: [String]) throws -> [Int]? {
    let group = (root + ["vars"]).joined(separator: "/")
    guard let paths = try files.lazy.compactMap({ try $0.names(Name.owners, of: group) }).first
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
        tensor: "/" + group
      )
    }
    return places
  }

  /// What a search may take of a group: what is trained, or what would be if nothing were frozen.
  private func trained(_ group: Int, isThawed: Bool) -> (places: [Int], isOpen: Bool) {
    let some = (places[group] ?? []).filter { place in
      (isThawed ? canTrain[place] : owners[place].isTrainable) && !taken.contains(place)
    }
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
    _ inner: VariableGroup,
    _ pairs: inout OptimizerTensors
  ) throws {
    let own = outer.members.count - inner.members.count
    // That of tf.keras keeps its scale elsewhere.
    guard own > 0 || own == 0 && family != .keras3 else {
      throw StateError(
        .malformed,
        "loss scaling keeps fewer variables than the optimizer that it wraps",
        expected: "more than \(inner.members.count)",
        found: "\(outer.members.count)"
      )
    }
    let counters = [outer.members.dropFirst(own).first, inner.members.first].compactMap(\.self)
    let counts = try counters.map { try files[$0.file].bytes($0.path) }
    guard counts.allSatisfy({ $0 == counts.first }) else {
      throw StateError(
        .malformed,
        "loss scaling and the optimizer that it wraps have counted differently",
        tensor: counters.last?.path
      )
    }
    state.attributes[Name.Attribute.lossScale] = .bool(true)
    for member in outer.members.dropFirst(own) { state.contents?.claim(member.path, as: .slot) }
    for (index, member) in outer.members.prefix(own).enumerated() {
      var tensor = StateTensor(
        member.path,
        try tensor(member),
        sourceName: member.path,
        index: index
      )
      tensor.attributes[Name.Attribute.list] = .string(OptimizerLists.compiled.joined())
      pairs.scalars.append(tensor)
    }
  }
}
