internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// A new file: `{"step": …, "params": …, "opt_state": …}`, as flax writes a `TrainState`.
struct FlaxFresh {
  private indirect enum Node {
    case map(Branch)
    case tensor(Tensor, String)
    case integer(Int64)
    case count(Int64)
  }

  /// Nodes by key, in order.
  private struct Branch {
    private(set) var members: [(key: String, node: Node)] = []
    private var places: [ExactName: Int] = [:]

    /// Adds a node below keys.
    mutating func add(_ node: Node, at keys: ArraySlice<String>, _ name: String) throws {
      guard let key = keys.first else { return }
      let place = places[ExactName(key)]
      if keys.count == 1 {
        guard place == nil else { throw Self.clash(name) }
        places[ExactName(key)] = members.count
        members.append((key, node))
        return
      }
      var inner = Branch()
      if let place {
        guard case .map(let branch) = members[place].node else { throw Self.clash(name) }
        inner = branch
        // Held once, so that adding to it copies nothing.
        members[place].node = .integer(0)
      }
      try inner.add(node, at: keys.dropFirst(), name)
      if let place {
        members[place].node = .map(inner)
      } else {
        places[ExactName(key)] = members.count
        members.append((key, .map(inner)))
      }
    }

    private static func clash(_ name: String) -> StateError {
      StateError(
        .unsupported,
        "one variable's name is the beginning of another's, which a tree cannot hold",
        tensor: name
      )
    }
  }

  private var root = Branch()

  init(_ state: TrainingState, note: ((String) -> Void)?) throws {
    if let step = state.globalStep?.value {
      try root.add(.integer(step), at: ["step"], "step")
    }
    let hasValues = state.variables.contains { $0.value != nil }
    if hasValues { try root.add(.map(Self.tree(state) { $0.value }), at: ["params"], "params") }
    if state.variables.contains(where: { !$0.slots.isEmpty }) {
      let chain = try OptaxChain(state, note: note)
      try root.add(.map(Self.states(chain, state)), at: ["opt_state"], "opt_state")
      note?("opt_state is that of optax.\(chain.name) with the same learning rate or schedule")
    }
    if root.members.isEmpty {
      throw StateError(.unsupported, "the state has nothing that a flax file could hold")
    }
  }

  private static func tree(
    _ state: TrainingState,
    _ choose: (Variable) -> StateTensor?
  ) throws -> Branch {
    var branch = Branch()
    for variable in state.variables {
      guard let tensor = choose(variable) else { continue }
      let keys = variable.name.split(separator: "/", omittingEmptySubsequences: false)
      try branch.add(
        .tensor(tensor.tensor, variable.name),
        at: keys.map(String.init)[...],
        variable.name
      )
    }
    return branch
  }

  private static func states(_ chain: OptaxChain, _ state: TrainingState) throws -> Branch {
    var tuple = Branch()
    for (place, link) in chain.links.enumerated() {
      var inner = Branch()
      switch link {
      case .empty: break
      case .rate:
        if state.schedule != nil {
          try inner.add(.count(try count(state)), at: ["count"], "count")
        }
      case .slots:
        if chain.isCounted { try inner.add(.count(try count(state)), at: ["count"], "count") }
        for word in chain.words {
          let slots = try tree(state) { $0[word.slot]?.tensor }
          try inner.add(.map(slots), at: [word.text], word.text)
        }
      }
      try tuple.add(.map(inner), at: ["\(place)"], "\(place)")
    }
    return tuple
  }

  /// The one count that optax keeps for all variables.
  private static func count(_ state: TrainingState) throws -> Int64 {
    let steps = Set(
      state.variables.filter { !$0.slots.isEmpty }.compactMap { $0.step ?? state.globalStep?.value }
    )
    guard let step = steps.first, steps.count == 1 else {
      throw StateError(
        .unsupported,
        steps.isEmpty
          ? "the state does not say how many updates its moments have seen"
          : "optax counts once for all variables, whose steps differ",
        remedy: "optstate set --step N"
      )
    }
    return step
  }

  /// The file's parts.
  func parts() throws -> FlaxParts {
    var parts = FlaxParts()
    try Self.write(.map(root), to: &parts)
    return parts
  }

  private static func write(_ node: Node, to parts: inout FlaxParts) throws {
    switch node {
    case .map(let branch):
      parts.add(MessagePackBytes.map(branch.members.count))
      for (key, inner) in branch.members {
        parts.add(MessagePackBytes.text(key))
        try write(inner, to: &parts)
      }
    case .tensor(let tensor, let name): try parts.addArray(tensor, name)
    case .integer(let number): parts.add(MessagePackBytes.integer(number))
    case .count(let number):
      try parts.addArray(try StepTensor.scalar(number, type: "int32"), "count")
    }
  }
}
