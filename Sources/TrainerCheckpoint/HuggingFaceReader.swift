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
  /// Whether a path is a directory with a model in it, or with all of the Trainer's own but the model.
  public static func recognizes(_ probe: StateProbe) throws -> Bool {
    guard probe.kind == .directory else { return false }
    func has(_ name: String) -> Bool {
      FileSystem.kind(of: FileSystem.path(probe.path, name)) == .file
    }
    return (ModelFiles().candidates + ModelFiles.adapter.candidates).contains(where: has)
      || [TrainerFiles.optimizer, TrainerFiles.state].allSatisfy(has)
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
    if let model = try ModelFiles().read(path, files, into: &state)
      ?? ModelFiles.adapter.read(path, files, into: &state)
    {
      decoded = model.names
      isOrdered = model.isOrdered
    } else {
      try refuseOtherThanFiles(path)
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
    let contradictions = try TrainerAgreement(state, path, files).contradictions()
    if !contradictions.isEmpty {
      state.attributes[TrainingState.contradictionsKey] = .strings(contradictions)
    }
    state.naming = NamingConvention.recognize(state.variables.lazy.map(\.name))
    return state
  }

  /// Refuses a directory in the place of the model, which may be whatever is in it.
  private static func refuseOtherThanFiles(_ path: String) throws {
    for name in ModelFiles().candidates + ModelFiles.adapter.candidates
    where FileSystem.kind(of: FileSystem.path(path, name)) == .directory {
      throw StateError(
        .malformed,
        "a directory in the place of the model",
        file: FileSystem.path(path, name),
        expected: "a file"
      )
    }
  }

  /// What the model's configuration calls it, `nil` where there is none that says.
  private static func configuredKind(_ directory: String) throws -> String? {
    let path = FileSystem.path(directory, TrainerFiles.config)
    guard FileSystem.kind(of: path) == .file,
      let value = try StateError.whereDecoded({
        let bytes = try PositionalFile.contents(of: path, within: .textBytes, "the configuration")
        return try JSONReader.value(of: bytes)
      }),
      case .object(let object) = value,
      case .string(let kind)? = object["model_type"]
    else { return nil }
    return kind
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
    let kind = try configuredKind(FileSystem.directory(of: path))
    var orders: [[ParameterOrder.Candidate]]?
    if !isOrdered {
      orders = ModelOrder.orders(of: assembly.candidates.map { ($0.name, $0.shape) }, kind: kind)
    }
    let saved = Set(state.variables.map { ExactName($0.name) })
    try assembly.addOptimizer(
      names: options.parameterNames?.map { name in
        guard !saved.contains(ExactName(name)),
          let other = ModelOrder.savedName(of: name, kind: kind), saved.contains(ExactName(other))
        else { return name }
        return other
      },
      orders: orders,
      allowsOthers: true
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
