internal import ByteIO
internal import OptimizerCore
internal import PyTorchCheckpoint
internal import Tensors
internal import TorchContainer
public import TrainingState

/// Reads the directories of accelerate's `save_state`.
///
/// The first model, its optimizer and its scheduler become the state; every other file is carried along byte for byte.
public enum AccelerateReader: StateReader {
  /// Whether a path is a directory with files of accelerate's in it.
  public static func recognizes(_ probe: StateProbe) throws -> Bool {
    guard probe.kind == .directory else { return false }
    return AccelerateFiles.areAccelerates(try FileSystem.names(in: probe.path))
  }

  /// Describes the state in a directory; only headers, steps and small records are read.
  public static func read(_ probe: StateProbe, options: ReadOptions) throws -> TrainingState {
    let path = probe.path
    let files = try FileSystem.files(below: path)
    try StateError.inFile(path) { try AccelerateFiles.checkWhole(files) }
    func full(_ name: String) -> String { FileSystem.path(path, name) }
    var state = TrainingState(origin: StateFormat.accelerate.origin)
    let model = try ModelFiles().read(path, files, into: &state) ?? ModelFiles.Found()
    var decoded = model.names
    var groups: [PickleValue] = []
    if files.contains(AccelerateFiles.optimizer) {
      try StateError.inFile(full(AccelerateFiles.optimizer)) {
        let file = try TorchFile.open(full(AccelerateFiles.optimizer), allowing: .torch)
        groups = file.tree["param_groups"]?.elements ?? []
        try addOptimizer(file, model, options, &state)
      }
      decoded.insert(AccelerateFiles.optimizer)
    }
    if files.contains(AccelerateFiles.scheduler) {
      try StateError.inFile(full(AccelerateFiles.scheduler)) {
        try addScheduler(full(AccelerateFiles.scheduler), groups, &state)
      }
      decoded.insert(AccelerateFiles.scheduler)
    }
    for name in files where !decoded.contains(name) {
      let source = try ReopenedSource(full(name))
      let tensor = try Tensor(.uint8, .vector(source.byteCount), source: source)
      state.extras.append(StateTensor(TrainerFiles.carried + name, tensor))
    }
    state.naming = NamingConvention.recognize(state.variables.lazy.map(\.name))
    return state
  }

  private static func addOptimizer(
    _ file: TorchFile,
    _ model: ModelFiles.Found,
    _ options: ReadOptions,
    _ state: inout TrainingState
  ) throws {
    var assembly = try TorchAssembly(file, into: state, prefix: AccelerateFiles.optimizer + "/")
    // What safetensors sorts is in no order of the model's.
    var orders: [[ParameterOrder.Candidate]]?
    if !model.isOrdered {
      orders = ModelOrder.orders(of: assembly.candidates.map { ($0.name, $0.shape) }, kind: nil)
    }
    try assembly.addOptimizer(names: options.parameterNames, orders: orders)
    assembly.addStep()
    try assembly.addExtras()
    state = assembly.state
    if !model.isOrdered { sort(&state.variables, as: assembly.numbering) }
  }

  /// Puts variables in the order of the optimizer's numbers, which is the model's and not that of its file.
  private static func sort(_ variables: inout [Variable], as numbering: [String]) {
    let numbers = Dictionary(
      numbering.enumerated().map { (ExactName($1), $0) },
      uniquingKeysWith: { first, _ in first }
    )
    let places = variables.map { numbers[ExactName($0.name)] ?? Int.max }
    variables = variables.indices.sorted { (places[$0], $0) < (places[$1], $1) }
      .map { variables[$0] }
  }

  private static func addScheduler(
    _ path: String,
    _ groups: [PickleValue],
    _ state: inout TrainingState
  ) throws {
    let file = try TorchFile.open(path, allowing: .torch)
    let scheduler = TorchScheduler(file.tree, groups: groups)
    if state.globalStep == nil, let calls = scheduler.calls, calls >= 0 {
      state.globalStep = GlobalStep(calls)
    }
    var assembly = try TorchAssembly(file, into: state, prefix: AccelerateFiles.scheduler + "/")
    try assembly.addExtras()
    state = assembly.state
    state.add(scheduler)
  }
}
