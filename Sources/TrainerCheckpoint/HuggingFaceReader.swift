internal import ByteIO
internal import OptimizerCore
internal import PyTorchCheckpoint
internal import Tensors
internal import TorchContainer
public import TrainingState

/// Reads the checkpoint directories of Hugging Face's Trainer.
///
/// The model, the optimizer and the step become the state; every other file is carried along byte for
/// byte.
public enum HuggingFaceReader: StateReader {
  /// Whether a path is a directory with a model in it.
  public static func recognizes(_ probe: StateProbe) throws -> Bool {
    guard probe.kind == .directory else { return false }
    return ModelFiles().candidates.contains {
      FileSystem.kind(of: FileSystem.path(probe.path, $0)) == .file
    }
  }

  /// Describes the state in a directory; only headers, steps and small records are read.
  public static func read(_ probe: StateProbe, options: ReadOptions) throws -> TrainingState {
    let path = probe.path
    let files = try FileSystem.files(below: path)
    func has(_ name: String) -> Bool { files.contains(name) }
    func full(_ name: String) -> String { FileSystem.path(path, name) }
    var state = TrainingState(origin: StateFormat.huggingFace.origin)
    state.contents = Contents()
    var decoded: Set<String> = []
    var isOrdered = false
    if let model = try ModelFiles().read(path, files, into: &state) {
      decoded = model.names
      isOrdered = model.isOrdered
    }
    if has(TrainerFiles.optimizer) {
      try state.readOptimizer { state in
        try StateError.inFile(full(TrainerFiles.optimizer)) {
          try addOptimizer(full(TrainerFiles.optimizer), isOrdered, options, &state)
        }
      }
      if state.fault != nil { state.contents?.add(TrainerFiles.optimizer) }
      decoded.insert(TrainerFiles.optimizer)
    }
    try carry(files.filter { !decoded.contains($0) }, of: path, &state)
    try state.readOptimizer { try addProgress(path, files, &$0) }
    state.naming = NamingConvention.recognize(state.variables.lazy.map(\.name))
    return state
  }

  private static func addOptimizer(
    _ path: String,
    _ isOrdered: Bool,
    _ options: ReadOptions,
    _ state: inout TrainingState
  ) throws {
    let file = try TorchFile.open(path, allowing: .torch)
    var assembly = try TorchAssembly(
      file,
      into: state,
      prefix: TrainerFiles.optimizer + "/"
    )
    let names = FreshTree.parameters(state).map(\.name)
    let order = NamingConvention.trainingOrder(names)
    try assembly.addOptimizer(
      names: options.parameterNames,
      modelOrder: order,
      isOrdered: isOrdered || order != nil
    )
    try assembly.addExtras()
    state = assembly.state
  }

  private static func carry(
    _ names: [String],
    of path: String,
    _ state: inout TrainingState
  ) throws {
    for name in names {
      let source = try ReopenedSource(FileSystem.path(path, name))
      let tensor = try Tensor(.uint8, .vector(source.byteCount), source: source)
      state.extras.append(StateTensor(TrainerFiles.carried + name, tensor))
    }
  }

  /// Adds step and schedule as the Trainer's own records have them.
  private static func addProgress(
    _ path: String,
    _ files: [String],
    _ state: inout TrainingState
  ) throws {
    var step = state.variables.compactMap(\.step).max()
    var total: Int64?
    if files.contains(TrainerFiles.state) {
      let record = FileSystem.path(path, TrainerFiles.state)
      try StateError.inFile(record) {
        let json = try TrainerState.read(record)
        step = try json.globalStep() ?? step
        total = try json.maxSteps()
      }
    }
    state.globalStep = step.map { GlobalStep($0) }
    if let step { state.attributes[TrainerFiles.step] = .int(step) }
    if files.contains(TrainerFiles.arguments), files.contains(TrainerFiles.scheduler) {
      state.schedule = TrainerSchedule.find(
        arguments: FileSystem.path(path, TrainerFiles.arguments),
        scheduler: FileSystem.path(path, TrainerFiles.scheduler),
        totalSteps: total
      )
      if let schedule = state.schedule {
        state.attributes[TrainerFiles.schedule] = .string("\(schedule)")
      }
    }
  }
}
