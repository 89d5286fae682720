internal import Tensors
internal import TrainingState

/// The names of the parameters that optimizers know by numbers.
struct OptimizerNames {
  typealias ParameterID = TorchOptimizer.ParameterID

  /// A parameter without a name of its own.
  private typealias Open = (id: ParameterID, numbered: ParameterOrder.Numbered)

  /// For each optimizer the name of every parameter; of one that nothing names it is its number.
  private(set) var names: [[ParameterID: String]]

  private let variables: [ExactName: Variable]

  /// Finds the names.
  ///
  /// - Parameters:
  ///   - optimizers: The optimizers.
  ///   - variables: The model's variables in its order.
  ///   - given: Names that the caller knows, of all optimizers one after another.
  ///   - isOrdered: Whether the order is known.
  ///   - isNamed: Whether the optimizers are some of several though there is one.
  /// - Throws: `StateError` with code `invalidArgument` when the names given do not fit, `malformed` when a file gives
  ///   one name twice, `unsupported` when it is not certain which parameter a number stands for.
  init(
    _ optimizers: [KeptState],
    variables: [Variable],
    given: [String]?,
    isOrdered: Bool,
    isNamed: Bool
  ) throws {
    names = []
    self.variables = Dictionary(variables.map { (ExactName($0.name), $0) }) { first, _ in first }
    if let given {
      try take(given, optimizers)
    } else {
      try find(optimizers, variables, isOrdered)
    }
    let areSeveral = isNamed || optimizers.count > 1
    for (place, optimizer) in optimizers.enumerated() {
      for id in optimizer.content.order + optimizer.content.entries.map(\.id)
      where names[place][id] == nil {
        let number = Self.text(id)
        names[place][id] = areSeveral ? "\(optimizer.part.name)/\(number)" : number
      }
    }
  }

  private mutating func find(
    _ optimizers: [KeptState],
    _ variables: [Variable],
    _ isOrdered: Bool
  ) throws {
    var open: [[Open]] = []
    for optimizer in optimizers {
      let (known, rest) = try Self.ownNames(optimizer)
      names.append(known)
      open.append(rest)
    }
    let candidates = Self.candidates(variables)
    if !candidates.isEmpty, open.contains(where: { !$0.isEmpty }) {
      // Where nothing is kept and all are in one group, nothing depends on which number is whose.
      let only = optimizers.count == 1 ? optimizers[0].content : nil
      let isFree =
        only.map { $0.entries.isEmpty && $0.groups.count == 1 && open[0].count == candidates.count }
        ?? false
      let orders = try Self.orders(
        open.map { $0.map(\.numbered) },
        candidates,
        isOrdered || isFree
      )
      for (place, order) in orders.enumerated() {
        for (number, candidate) in zip(open[place], order) {
          names[place][number.id] = candidates[candidate].name
        }
      }
    }
  }

  private static func text(_ id: ParameterID) -> String {
    switch id {
    case .number(let number): "\(number)"
    case .name(let name): name.text
    }
  }

  private mutating func take(_ given: [String], _ optimizers: [KeptState]) throws {
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
        try check(name, optimizer.shapes[id] ?? nil)
        known[id] = name
      }
      names.append(known)
    }
  }

  /// Refuses a name that the file's model does not have, or whose parameter the slots do not fit.
  private func check(_ name: String, _ shape: Shape?) throws {
    if variables.isEmpty { return }
    guard let value = variables[ExactName(name)]?.value else {
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

  /// The candidates of the numbers of each optimizer.
  private static func orders(
    _ numbers: [[ParameterOrder.Numbered]],
    _ candidates: [ParameterOrder.Candidate],
    _ isOrdered: Bool
  ) throws -> [[Int]] {
    let open = numbers.indices.filter { !numbers[$0].isEmpty }
    guard open.count > 1 else {
      return try numbers.map {
        $0.isEmpty ? [] : try ParameterOrder.match($0, candidates, isOrdered: isOrdered)
      }
    }
    let found = try OptimizerShares.match(open.map { numbers[$0] }, candidates)
    var orders = [[Int]](repeating: [], count: numbers.count)
    for (place, order) in zip(open, found) { orders[place] = order }
    return orders
  }

  /// The model's parameters: no buffers, no whole numbers, and of tied ones the first.
  private static func candidates(_ variables: [Variable]) -> [ParameterOrder.Candidate] {
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
