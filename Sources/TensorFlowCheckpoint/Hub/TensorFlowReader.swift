internal import ByteIO
internal import OptimizerCatalog
internal import Tensors
public import TrainingState

/// Reads TensorFlow's checkpoints: V2 (an index and data files) and V1 (one file).
public enum TensorFlowReader: StateReader {
  /// Name of the string tensor that marks an object-based checkpoint.
  static let objectGraphName = "_CHECKPOINTABLE_OBJECT_GRAPH"

  /// Whether a path is a prefix, an index, a directory with a `checkpoint` file, or a V1 file.
  public static func recognizes(_ probe: StateProbe) throws -> Bool {
    // What a state file names counts even where it is gone: then reading says what is missing.
    if try BundlePaths(probe.path) != nil { return true }
    return try LegacyCheckpoint.recognizes(probe)
  }

  /// Describes a checkpoint; only its index is read.
  public static func read(_ probe: StateProbe, options: ReadOptions) throws -> TrainingState {
    let paths = try BundlePaths(probe.path) ?? BundlePaths(prefix: probe.path)
    if FileSystem.kind(of: paths.index) == nil,
      try LegacyCheckpoint.recognizes(StateProbe(paths.prefix))
    {
      return try LegacyCheckpoint.read(paths.prefix)
    }
    return try state(of: try BundleReader(paths), parameterNames: options.parameterNames)
  }

  /// Describes the checkpoint of an index that is in memory.
  package static func read(index: [UInt8], prefix: String) throws -> TrainingState {
    try state(of: try BundleReader(BundlePaths(prefix: prefix), index: index), parameterNames: nil)
  }

  private static func state(
    of reader: BundleReader,
    parameterNames: [String]?
  ) throws -> TrainingState {
    var attributes: [String: AttributeValue] = [:]
    if reader.shardCount != 1 {
      attributes[Layout.shardCount] = .int(Int64(reader.shardCount))
    }
    if reader.isCompressed { attributes[Layout.compressedIndex] = .bool(true) }
    let tensors = Layout.tensors(of: try reader.items())
    if let graph = tensors.first(where: { $0.name == objectGraphName }) {
      do {
        var objects = try ObjectState(graph, parameterNames: parameterNames)
        return try objects.state(of: tensors, attributes: attributes)
      } catch let error as StateError {
        throw error.inContext(file: reader.paths.index)
      }
    }
    return try state(of: tensors, attributes: attributes)
  }

  /// Pairs slots with their variables and finds what is neither.
  static func state(
    of tensors: [StateTensor],
    attributes: [String: AttributeValue]
  ) throws -> TrainingState {
    let shapes = Dictionary(tensors.map { (ExactName($0.name), $0.tensor.shape) }) { $1 }
    var state = TrainingState(origin: StateFormat.tensorFlow.origin, attributes: attributes)
    state.contents = Contents(tensors)
    var places: [ExactName: Int] = [:]
    var slots: [(pairing: TensorFlowSlots.Pairing, tensor: StateTensor)] = []
    let estimators = EstimatorOptimizers(shapes)
    for tensor in tensors {
      let isScalar = tensor.tensor.shape.rank == 0
      if let pairing = estimators.pairing(of: tensor) {
        slots.append((pairing, tensor))
      } else if let helper = TrainingHelper(
        tensor.name,
        isScalar: isScalar,
        isVariable: { shapes[ExactName($0)] != nil }
      ) {
        switch helper {
        case .scalar: state.optimizerTensors.append(tensor)
        case .zeroDebias: state.extras.append(tensor)
        }
      } else if let pairing = TensorFlowSlots.pairing(of: tensor, among: shapes) {
        slots.append((pairing, tensor))
      } else if tensor.name == stepName, isScalar {
        try state.readOptimizer { $0.globalStep = try globalStep(tensor) }
      } else if isScalar && BetaPowerName(tensor.name) != nil || estimators.isScalar(tensor) {
        state.optimizerTensors.append(tensor)
      } else {
        places[ExactName(tensor.name)] = state.variables.count
        state.variables.append(Variable(tensor.name, value: tensor))
      }
    }
    let adam = NamedAdam(
      tensors,
      unknown: Set(slots.filter { $0.pairing.isUnknown }.map { lastPart(of: $0.tensor.name) })
    )
    for (pairing, tensor) in slots {
      let owner = ExactName(pairing.variable)
      let place = places[owner] ?? state.variables.count
      if place == state.variables.count {
        places[owner] = place
        state.variables.append(Variable(pairing.variable, value: nil))
      }
      var renamed = tensor
      renamed.sourceName = tensor.name
      let word = lastPart(of: tensor.name)
      var slot = pairing.isUnknown ? adam.slot(word) ?? pairing.slot : pairing.slot
      // A second optimizer's slot of the same meaning keeps its own name, numbered where that is taken.
      var number = 1
      while state.variables[place][slot] != nil {
        slot = SlotName(rawValue: number == 1 ? word : "\(word)_\(number)")
        number += 1
      }
      state.variables[place].slots.append(Slot(slot, renamed))
    }
    state.naming = NamingConvention.recognize(state.variables.lazy.map(\.name))
    return state
  }

  private static let stepName = "global_step"

  private static func lastPart(of name: String) -> String {
    guard let slash = name.utf8.lastIndex(of: UInt8(ascii: "/")) else { return name }
    return String(name[name.utf8.index(after: slash)...])
  }

  private static func globalStep(_ tensor: StateTensor) throws -> GlobalStep {
    switch tensor.tensor.elementType {
    case .int64:
      let bytes = try TensorPass.verifiedBytes(of: NamedTensor(tensor.name, tensor.tensor))
      return try GlobalStep(tensor, bytes: bytes)
    case .int32:
      // Taken as a number now, so nobody else will ever compare its sum.
      _ = try TensorPass.verifiedBytes(of: NamedTensor(tensor.name, tensor.tensor))
      return try StepTensor.globalStep(tensor, format: StateFormat.tensorFlow.name)
    default:
      throw StateError(
        .malformed,
        "the step is no whole number",
        tensor: tensor.name,
        expected: "int64[] or int32[]",
        found: "\(tensor.tensor.elementType.rawValue)\(tensor.tensor.shape)"
      )
    }
  }
}
