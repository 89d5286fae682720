package import ByteIO
internal import OptimizerCatalog
internal import OptimizerCore
package import Tensors
package import TrainingState

/// A state of Keras 3 out of variables that all have names, the optimizer's included, wherever these were saved.
package struct KerasVariables {
  /// A tensor under a name of Keras', its components joined by slashes.
  package struct Tensor {
    package let name: String
    /// Where it lies in its file.
    let place: String
    let tensor: Tensors.Tensor

    package init(name: String, place: String, tensor: Tensors.Tensor) {
      self.name = name
      self.place = place
      self.tensor = tensor
    }
  }

  /// A variable of the model.
  package struct Weight {
    let value: Tensor
    let isTrainable: Bool

    package init(_ value: Tensor, isTrainable: Bool) {
      self.value = value
      self.isTrainable = isTrainable
    }
  }

  private let variables: [Weight]
  private let optimizer: [Tensor]
  private let others: [Tensor]
  private let configuration: JSONTree?

  /// - Parameters:
  ///   - variables: The model's.
  ///   - optimizer: The optimizer's.
  ///   - others: What is neither.
  ///   - configuration: The compiled model's, where it is known.
  package init(
    variables: [Weight],
    optimizer: [Tensor],
    others: [Tensor],
    configuration: JSONTree?
  ) {
    self.variables = variables
    self.optimizer = optimizer
    self.others = others
    self.configuration = configuration
  }

  /// The state.
  ///
  /// - Parameters:
  ///   - origin: Where it comes from.
  ///   - options: The optimizer, where the caller knows it.
  /// - Returns: The state.
  /// - Throws: `StateError` when a number cannot be read.
  package func state(origin: Origin, options: ReadOptions) throws -> TrainingState {
    var state = TrainingState(origin: origin)
    var owners: [SlotOwner] = []
    for variable in variables {
      let name = variable.value.name
      let shape = variable.value.tensor.shape
      owners.append(SlotOwner(name: name, shape: shape, isTrainable: variable.isTrainable))
      let value = StateTensor(
        name,
        variable.value.tensor,
        sourceName: variable.value.place,
        index: state.variables.count
      )
      state.variables.append(Variable(name, value: value))
    }
    state.naming = NamingConvention.recognize(state.variables.lazy.map(\.name))
    state.extras += others.map { StateTensor($0.name, $0.tensor, sourceName: $0.place) }
    let config = configuration.flatMap(OptimizerConfig.init(archive:))
    state.optimizer = config?.record(.keras3)
    state.schedule = config?.schedule
    let own = optimizer.first.map { KerasNames.components($0.name) }?.dropFirst().first
    let kind =
      config?.kind ?? options.optimizer?.kind
      ?? own.flatMap { OptimizerCatalog.description(ofKerasClass: $0)?.kind }
    try addOptimizer(kind, owners, to: &state)
    if state.optimizer == nil, let kind {
      state.optimizer = OptimizerRecord(kind: kind)
      state.optimizer?.hyperparameters["arithmetic"] = .string(Arithmetic.keras.rawValue)
    }
    try KerasRate.read(into: &state)
    return state
  }

  private func addOptimizer(
    _ kind: String?,
    _ owners: [SlotOwner],
    to state: inout TrainingState
  ) throws {
    var rest: [StateTensor] = []
    for tensor in optimizer {
      let found = StateTensor(tensor.name, tensor.tensor, sourceName: tensor.place)
      // 32 bits wide under JAX and PyTorch.
      if KerasNames.components(tensor.name).last == "iteration", tensor.tensor.shape.rank == 0,
        [.int32, .int64].contains(tensor.tensor.elementType)
      {
        state.globalStep = try StepTensor.globalStep(found, format: state.origin.format)
      } else {
        rest.append(found)
      }
    }
    guard let pairs = NamePairing(owners, .keras3, kind: kind).pairs(rest) else {
      // A name that tells nothing: kept as they are, they do no harm.
      state.optimizerTensors += rest
      return
    }
    for (owner, slot) in pairs.slots { state.variables[owner].slots.append(slot) }
    state.optimizerTensors += pairs.scalars
  }
}
