internal import ByteIO
internal import OptimizerCore
internal import PyTorchCheckpoint
internal import Safetensors
internal import Tensors
internal import TorchContainer
public import TrainingState

/// Reads the checkpoint directories of Hugging Face's Trainer.
///
/// The model, the optimizer and the step become the state; every other file is carried along byte for
/// byte.
public enum HuggingFaceReader: StateReader {
  private static let models = [
    TrainerFiles.model, TrainerFiles.modelIndex, TrainerFiles.pickledModel,
    TrainerFiles.pickledIndex,
  ]

  /// Whether a path is a directory with a model in it.
  public static func recognizes(_ probe: StateProbe) throws -> Bool {
    guard probe.kind == .directory else { return false }
    return models.contains { FileSystem.kind(of: FileSystem.path(probe.path, $0)) == .file }
  }

  /// Describes the state in a directory; only headers, steps and small records are read.
  public static func read(_ probe: StateProbe, options: ReadOptions) throws -> TrainingState {
    let path = probe.path
    let files = try FileSystem.files(below: path)
    func has(_ name: String) -> Bool { files.contains(name) }
    func full(_ name: String) -> String { FileSystem.path(path, name) }
    var state = TrainingState(origin: StateFormat.huggingFace.origin)
    var decoded: Set<String> = []
    var isOrdered = false
    if has(TrainerFiles.model) {
      let file = try SafetensorsFile.open(full(TrainerFiles.model))
      add(file.tensors, of: TrainerFiles.model, to: &state)
      decoded.insert(TrainerFiles.model)
    } else if has(TrainerFiles.modelIndex) {
      for (name, file) in try SafetensorsSet.open(full(TrainerFiles.modelIndex)).shards {
        add(file.tensors, of: name, to: &state)
        decoded.insert(name)
      }
    } else {
      let index =
        has(TrainerFiles.pickledModel)
        ? nil : try ShardIndex.read(full(TrainerFiles.pickledIndex)).files
      let names = index.map(shards) ?? [TrainerFiles.pickledModel]
      for name in names {
        try inFile(full(name)) {
          let file = try TorchFile.open(full(name), allowing: .torch)
          var assembly = try TorchAssembly(file, into: state, prefix: name + "/")
          let added = try assembly.addModel()
          if let index { try check(added, of: name, against: index) }
          try assembly.addExtras()
          state = assembly.state
        }
        decoded.insert(name)
      }
      isOrdered = true
      state.attributes[TrainerFiles.isPickled] = .strings(names)
    }
    if has(TrainerFiles.optimizer) {
      try inFile(full(TrainerFiles.optimizer)) {
        try addOptimizer(full(TrainerFiles.optimizer), isOrdered, options, &state)
      }
      decoded.insert(TrainerFiles.optimizer)
    }
    try carry(files.filter { !decoded.contains($0) }, of: path, &state)
    try addProgress(path, files, &state)
    state.naming = NamingConvention.recognize(state.variables.lazy.map(\.name))
    return state
  }

  private static func inFile(_ path: String, _ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as StateError {
      throw error.inContext(file: path)
    }
  }

  private static func add(
    _ tensors: [SafetensorsTensor],
    of file: String,
    to state: inout TrainingState
  ) {
    for tensor in tensors {
      let value = StateTensor(
        tensor.name,
        tensor.tensor,
        sourceName: tensor.name,
        attributes: file == TrainerFiles.model ? [:] : [TrainerFiles.shard: .string(file)]
      )
      state.variables.append(Variable(tensor.name, value: value))
    }
  }

  /// The files of an index in the order in which it names them first.
  private static func shards(_ index: [(tensor: String, file: String)]) -> [String] {
    var seen: Set<ExactName> = []
    return index.map(\.file).filter { seen.insert(ExactName($0)).inserted }
  }

  /// Refuses a shard that has other tensors than the index says: the one that transformers takes of two
  /// would be a matter of chance.
  private static func check(
    _ added: [String],
    of shard: String,
    against index: [(tensor: String, file: String)]
  ) throws {
    let own = index.lazy.filter { ExactName($0.file) == ExactName(shard) }
    let promised = Set(own.map { ExactName($0.tensor) })
    let found = Set(added.map(ExactName.init))
    guard let stray = found.symmetricDifference(promised).min() else { return }
    throw StateError(
      .malformed,
      found.contains(stray)
        ? "the index does not say that the tensor is in this file"
        : "the tensor is not where the index says",
      tensor: stray.text,
      expected: index.last { ExactName($0.tensor) == stray }?.file ?? "no such tensor"
    )
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
      try inFile(record) {
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
