internal import Tensors
internal import TorchContainer
internal import TrainingState

/// The names of the parameters that optimizers know by numbers.
struct OptimizerNames {
  typealias ParameterID = TorchOptimizer.ParameterID

  /// A parameter without a name of its own.
  private typealias Open = (id: ParameterID, numbered: ParameterOrder.Numbered)

  /// For each optimizer the name of every parameter; of one that nothing names it is its number.
  private(set) var names: [[ParameterID: String]]

  /// Whether the names are some order of the model's, none of which is known: an optimizer that keeps nothing does not need it.
  private(set) var areAssumed = false

  /// Variables that several optimizers claim, a sentence each; there they are called by their numbers.
  private(set) var claims: [String] = []

  private let variables: [ExactName: Variable]

  /// Finds the names.
  ///
  /// - Parameters:
  ///   - optimizers: The optimizers.
  ///   - variables: The model's variables in its order.
  ///   - given: Names that the caller knows, of all optimizers one after another.
  ///   - orders: The orders in which the model may have its parameters; `nil` where `variables` are in it.
  ///   - sets: The models of which one may be the optimizer's, where there are several.
  ///   - allowsOthers: Whether an optimizer may have parameters that the model lacks.
  ///   - key: What the only optimizer is called among several that are in files of their own.
  ///   - taken: The variables of those, and whose each is.
  /// - Throws: `StateError` with code `invalidArgument` when the names given do not fit, `malformed` when a file gives
  ///   one name twice, `unsupported` when several optimizers may share parameters in more than one way.
  init(
    _ optimizers: [KeptState],
    variables: [Variable],
    given: [String]?,
    orders: [[ParameterOrder.Candidate]]?,
    sets: [[ParameterOrder.Candidate]]? = nil,
    allowsOthers: Bool,
    key: String? = nil,
    taken: [ExactName: String] = [:]
  ) throws {
    names = []
    self.variables = Dictionary(variables.map { (ExactName($0.name), $0) }) { first, _ in first }
    if let given {
      try take(given, optimizers, allowsOthers)
    } else {
      try find(optimizers, variables, orders, sets, allowsOthers)
    }
    let labels = optimizers.map { key ?? $0.part.name }
    settleClaims(optimizers, labels, taken)
    let areSeveral = key != nil || optimizers.count > 1
    for (place, optimizer) in optimizers.enumerated() {
      for id in optimizer.content.order + optimizer.content.entries.map(\.id)
      where names[place][id] == nil {
        let number = text(id)
        names[place][id] = areSeveral ? "\(labels[place])/\(number)" : number
      }
    }
  }

  /// Takes the names of variables that several optimizers claim from all of them: a variable has the slots of one.
  private mutating func settleClaims(
    _ optimizers: [KeptState],
    _ labels: [String],
    _ taken: [ExactName: String]
  ) {
    // One alone has nobody to contend with.
    if optimizers.count < 2, taken.isEmpty { return }
    var claimants = taken.mapValues { [$0] }
    var order: [ExactName] = []
    for (place, optimizer) in optimizers.enumerated() {
      let own = optimizer.content.order.compactMap { names[place][$0].map { ExactName($0) } }
      for name in own where claimants[name]?.contains(labels[place]) != true {
        claimants[name, default: []].append(labels[place])
        if claimants[name]?.count == 2 { order.append(name) }
      }
    }
    let contested = claimants.filter { $0.value.count > 1 }
    if contested.isEmpty { return }
    for place in names.indices {
      names[place] = names[place].filter { contested[ExactName($0.value)] == nil }
    }
    let owners = order.compactMap { contested[$0] }
    for (place, own) in owners.enumerated() where owners[..<place].allSatisfy({ $0 != own }) {
      let all = own.map { "'\($0)'" }.joined(separator: " and ")
      let more = owners.count { $0 == own } - 1
      claims.append(
        "the optimizers \(all) \(own.count > 2 ? "all" : "both") claim \(order[place].text)"
          + (more > 0 ? " and \(more) variables more" : "")
      )
    }
  }

  private mutating func find(
    _ optimizers: [KeptState],
    _ variables: [Variable],
    _ orders: [[ParameterOrder.Candidate]]?,
    _ sets: [[ParameterOrder.Candidate]]?,
    _ allowsOthers: Bool
  ) throws {
    var open: [[Open]] = []
    for optimizer in optimizers {
      let (known, rest) = try Self.ownNames(optimizer)
      names.append(known)
      open.append(rest)
    }
    let candidates = Self.candidates(variables)
    if !candidates.isEmpty, open.contains(where: { !$0.isEmpty }) {
      let holders = open.indices.filter { !open[$0].isEmpty }
      guard holders.count == 1, let place = holders.first else {
        let found = try OptimizerShares.match(
          holders.map { open[$0].map(\.numbered) },
          candidates
        )
        for (place, order) in zip(holders, found) {
          for (number, candidate) in zip(open[place], order) {
            names[place][number.id] = candidates[candidate].name
          }
        }
        return
      }
      let content = optimizers[place].content
      let groups = content.groups
      // Where nothing is kept and all are in one group, nothing depends on which number is whose.
      let isFree =
        optimizers.count == 1 && content.entries.isEmpty && groups.count == 1
        && open[place].count == candidates.count
      areAssumed = isFree && orders?.isEmpty == true
      let found = ParameterOrder(
        open[place].map(\.numbered),
        isSplit: groups.count == 2 && groups[1].settings["weight_decay"]?.number == 0,
        allowsOthers: allowsOthers
      )
      .names(
        in: isFree ? [orders?.first ?? candidates] : orders ?? [candidates],
        or: sets ?? [candidates]
      )
      for (number, name) in zip(open[place], found ?? []) { names[place][number.id] = name }
    }
  }

  /// What a parameter of no certain name is called: by its number, which must not be another's name.
  private func text(_ id: ParameterID) -> String {
    switch id {
    case .number(let number):
      var name = "\(number)"
      while variables[ExactName(name)]?.value != nil { name = "optimizer." + name }
      return name
    case .name(let name): return name.text
    }
  }

  private mutating func take(
    _ given: [String],
    _ optimizers: [KeptState],
    _ allowsOthers: Bool
  ) throws {
    let free = allowsOthers ? Set(given.map(ExactName.init)) : nil
    let count = optimizers.reduce(0) { $0 + $1.content.order.count }
    guard given.count == count else {
      throw StateError(
        .invalidArgument,
        "the names given are not as many as the optimizer's parameters",
        expected: "\(count)",
        found: "\(given.count)"
      )
    }
    var rest = given[...]
    for optimizer in optimizers {
      var known: [ParameterID: String] = [:]
      for id in optimizer.content.order {
        guard let name = rest.popFirst() else { continue }
        try check(name, optimizer.shapes[id] ?? nil, among: free)
        known[id] = name
      }
      names.append(known)
    }
  }

  /// Refuses a name that the file's model does not have, or whose parameter the slots do not fit.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - shape: The shape of its slots.
  ///   - given: All names, where one may be of a parameter that the model lacks: it must not be a misspelled one then,
  ///     so that no parameter of its shape may be without a name.
  /// - Throws: `StateError` with code `invalidArgument`.
  private func check(_ name: String, _ shape: Shape?, among given: Set<ExactName>?) throws {
    if variables.isEmpty { return }
    guard let value = variables[ExactName(name)]?.value else {
      if let given,
        !Self.candidates(Array(variables.values)).contains(where: { other in
          !given.contains(ExactName(other.name)) && (shape == nil || other.shape == shape)
        })
      {
        return
      }
      throw StateError(
        .invalidArgument,
        "a name given is that of no parameter of the model",
        tensor: name
      )
    }
    guard let shape, shape != value.tensor.shape else { return }
    throw StateError(
      .invalidArgument,
      "the names given are in another order than the optimizer's parameters: its slots do not fit",
      tensor: name,
      expected: "\(value.tensor.shape)",
      found: "\(shape)"
    )
  }

  /// The names that an optimizer has itself, and the parameters that are left.
  private static func ownNames(
    _ optimizer: KeptState
  ) throws -> (known: [ParameterID: String], open: [Open]) {
    var known: [ParameterID: String] = [:]
    var taken: Set<ExactName> = []
    var open: [Open] = []
    for (index, group) in optimizer.content.groups.enumerated() {
      let ids = group.parameters.compactMap { ParameterID($0) }
      for (place, id) in ids.enumerated() {
        if let names = group.names, names.count == ids.count {
          guard taken.insert(ExactName(names[place])).inserted else {
            throw StateError(
              .malformed,
              "param_names gives one name to two parameters",
              tensor: names[place]
            )
          }
          known[id] = names[place]
        } else if case .name(let name) = id {
          known[id] = name.text
        } else {
          open.append((id, .init(group: index, shape: optimizer.shapes[id] ?? nil)))
        }
      }
    }
    return (known, open)
  }

  /// The model's parameters: no buffers, no whole numbers, and of tied ones the first.
  static func candidates(_ variables: [Variable]) -> [ParameterOrder.Candidate] {
    var seen: Set<ObjectIdentifier> = []
    return variables.compactMap { variable in
      guard let tensor = variable.value?.tensor, tensor.elementType.isFloatingPoint,
        !TrainerGroups.isBuffer(variable.name),
        seen.insert(ObjectIdentifier(tensor.source)).inserted
      else { return nil }
      return ParameterOrder.Candidate(name: variable.name, shape: tensor.shape)
    }
  }
}
