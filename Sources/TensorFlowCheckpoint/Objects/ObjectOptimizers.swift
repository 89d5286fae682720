internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// The optimizers of an object graph that has several, each with variables of its own, as GANs keep them.
struct ObjectOptimizers {
  /// Attribute of a counter: the name of the optimizer whose updates it counts.
  static let counter = "tensorflow.counter"

  /// Attribute of a hyper-parameter's variable: the name of the optimizer that has it.
  static let owner = "tensorflow.optimizer"

  /// Names by node: the shortest way from the root.
  let names: [Int: String]

  /// Updates that each has applied.
  var steps: [Int: Int64] = [:]

  /// Hyper-parameters that each keeps as variables.
  var values: [Int: [String: AttributeValue]] = [:]

  private let members: [Int: Set<ExactName>]
  private let graph: ObjectGraphIndex

  var isEmpty: Bool { names.isEmpty }

  /// Finds the optimizers.
  ///
  /// Those that share a variable are not told apart: no variable of a state is of two optimizers. One that trains nothing,
  /// such as the one that a model was compiled with and does not use, is none.
  ///
  /// - Parameters:
  ///   - graph: The graph.
  ///   - names: Names of the hub by the tensors' keys.
  init(_ graph: ObjectGraphIndex, _ names: [ExactName: String]) {
    self.graph = graph
    var owned: [Int: Set<ExactName>] = [:]
    for entry in graph.slots.values {
      owned[entry.optimizer, default: []].insert(ExactName(entry.variable))
    }
    for (number, keys) in graph.trained {
      for key in keys { owned[number, default: []].insert(ExactName(key)) }
    }
    let count = owned.values.reduce(0) { $0 + $1.count }
    let isApart = owned.values.reduce(into: Set()) { $0.formUnion($1) }.count == count
    guard owned.count > 1, isApart else {
      self.names = [:]
      members = [:]
      return
    }
    self.names = graph.paths(of: Set(owned.keys))
    members = owned.mapValues { keys in Set(keys.compactMap { names[$0].map(ExactName.init) }) }
  }

  /// The optimizers in the graph's order.
  ///
  /// - Parameter state: The state, whose variables are all there.
  /// - Returns: The optimizers, none where there are not several.
  func optimizers(in state: TrainingState) -> [NamedOptimizer] {
    names.sorted { $0.key < $1.key }.map { node, name in
      let own = members[node] ?? []
      return NamedOptimizer(
        name,
        record: Self.record(of: node, graph, values[node] ?? [:], state),
        step: steps[node],
        members: state.variables.map(\.name).filter { own.contains(ExactName($0)) }
      )
    }
  }

  /// The record of an optimizer whose name is that of its class, `nil` where it is not.
  ///
  /// - Parameters:
  ///   - node: Its node.
  ///   - graph: The graph.
  ///   - values: Hyper-parameters that it keeps as variables.
  ///   - state: What the checkpoint says so far.
  /// - Returns: The record.
  static func record(
    of node: Int,
    _ graph: ObjectGraphIndex,
    _ values: [String: AttributeValue],
    _ state: TrainingState
  ) -> OptimizerRecord? {
    guard let family = graph.families[node],
      let known = OptimizerCatalog.description(ofKerasClass: family)
    else { return nil }
    var values = values
    let keepsSteps = state.attributes[TrainingState.keepsSteps] == .bool(true)
    if keepsSteps, !known.stepBuffers.isEmpty { values["buffer"] = .string("step") }
    if graph.isCurrent(node) {
      values["arithmetic"] = .string(Arithmetic.keras.rawValue)
    }
    return OptimizerRecord(kind: known.kind, hyperparameters: values)
  }
}
