internal import ByteIO
internal import OptimizerCore
internal import PyTorchCheckpoint
internal import Tensors
internal import TorchContainer
internal import TrainingState

/// The files of a Trainer's checkpoint that is being written.
struct TrainerOutput {
  private let state: TrainingState
  private let output: OutputDirectory
  private let options: WriteOptions
  private let isOurs: Bool
  private let model: ModelOutput
  private let carried: [ExactName: StateTensor]

  init(_ state: TrainingState, _ output: OutputDirectory, _ options: WriteOptions) {
    self.state = state
    self.output = output
    self.options = options
    isOurs = state.origin == StateFormat.huggingFace.origin
    model = ModelOutput(state, output, isOurs: isOurs, note: options.note)
    carried = Dictionary(
      state.extras.map { (ExactName($0.name), $0) },
      uniquingKeysWith: { first, _ in first }
    )
  }

  /// Writes all files.
  func write() throws {
    var placements: [TensorPass.Placement] = []
    let pickled = try model.pickled()
    if pickled.isEmpty { placements += try model.safetensors() }
    var archives = pickled
    let hasOptimizer =
      state.optimizer != nil || state.variables.contains { !$0.slots.isEmpty }
      || isOurs && state.attributes[TrainingState.hiddenOptimizer] != nil
    var scheduler: TorchOutput?
    if hasOptimizer {
      let (optimizer, made) = try optimizer()
      archives.append((TrainerFiles.optimizer, optimizer))
      scheduler = made
    }
    placements += try files(hasOptimizer: hasOptimizer, newScheduler: scheduler != nil)
    if let scheduler { archives.append((TrainerFiles.scheduler, scheduler)) }
    try DirectoryStream(output, options.progress).copy(placements, archives)
  }

  /// The optimizer, and the scheduler where it must be made anew.
  private func optimizer() throws -> (TorchOutput, TorchOutput?) {
    let hasScheduler = carried[ExactName(TrainerFiles.carried + TrainerFiles.scheduler)] != nil
    if isOurs, isUnmoved, hasScheduler,
      let template = try TemplateTree(state, prefix: TrainerFiles.optimizer + "/")
    {
      return (try template.output(state, file: TrainerFiles.optimizer, options.note), nil)
    }
    // The Trainer's numbers go through its own two groups.
    if !isOurs { try state.refuseNumberedSlots() }
    let nodes = TorchNodes()
    let (parameters, isKnown) = ordered(FreshTree.parameters(state))
    if !isKnown {
      options.note?(
        "the model's order of parameters is not known: the optimizer numbers them as the state does"
      )
    }
    let fresh = try FreshOptimizer(
      state,
      parameters: parameters,
      nodes: nodes,
      asTrainer: true,
      note: options.note
    )
    let optimizer = try TorchOutput(
      file: TrainerFiles.optimizer,
      fresh.value,
      fresh.tensors,
      nodes,
      of: state,
      options.note
    )
    let lambda =
      try fresh.scheduler ?? FreshRate(state).constant(groups: fresh.groupCount, TorchNodes())
    return (
      optimizer,
      try TorchOutput(
        file: TrainerFiles.scheduler,
        lambda,
        [],
        TorchNodes(),
        of: state,
        options.note
      )
    )
  }

  /// Parameters in the order in which the model numbers them, and whether that is known.
  ///
  /// What came from such a directory goes by the numbers that it had there. Other states take the order of the newest
  /// transformers that is known, since one of today's resumes them.
  private func ordered(_ parameters: [Variable]) -> (parameters: [Variable], isKnown: Bool) {
    let mark = TrainerFiles.optimizer + "/state/"
    let numbers = parameters.map { variable in
      variable.slots.first?.tensor.sourceName.flatMap { path -> Int? in
        guard isOurs, path.hasPrefix(mark) else { return nil }
        return path.dropFirst(mark.count).split(separator: "/").first.flatMap { Int($0) }
      }
    }
    if numbers.allSatisfy({ $0 != nil }) {
      let pairs = zip(numbers.map { $0 ?? 0 }, parameters).sorted { $0.0 < $1.0 }
      return (pairs.map(\.1), true)
    }
    let saved = parameters.compactMap { variable in
      (variable.value ?? variable.slots.first?.tensor).map { (variable.name, $0.tensor.shape) }
    }
    let places = Dictionary(
      parameters.map { (ExactName($0.name), $0) },
      uniquingKeysWith: { first, _ in first }
    )
    guard let order = ModelOrder.orders(of: saved, kind: nil).first else {
      return (parameters, state.origin.framework == .pytorch)
    }
    return (order.compactMap { places[ExactName($0.name)] }, true)
  }

  /// Whether step and schedule are those that the carried files say.
  private var isUnmoved: Bool {
    let step = state.globalStep.map { AttributeValue.int($0.value) }
    let schedule = state.schedule.map { AttributeValue.string("\($0)") }
    return state.attributes[TrainerFiles.step] == step
      && state.attributes[TrainerFiles.schedule] == schedule
  }

  /// The files that are carried along, and the Trainer's own record.
  private func files(hasOptimizer: Bool, newScheduler: Bool) throws -> [TensorPass.Placement] {
    var placements: [TensorPass.Placement] = []
    var hasRecord = false
    var left: [String] = []
    for extra in state.extras {
      let mark = TrainerFiles.carried
      guard extra.name.utf8.starts(with: mark.utf8) || extra.name == TrainerFiles.config else {
        if !isOurs { left.append(extra.name) }
        continue
      }
      let name =
        extra.name == TrainerFiles.config ? extra.name : String(extra.name.dropFirst(mark.count))
      let named = NamedTensor(extra.name, extra.tensor)
      switch name {
      case TrainerFiles.scheduler where newScheduler || !hasOptimizer: continue
      case TrainerFiles.modelIndex where !model.keepsIndex: continue
      case TrainerFiles.state where !isUnmoved:
        var record = try TrainerState(try TensorPass.verifiedBytes(of: named))
        record.setGlobalStep(state.globalStep?.value)
        try output.add(name).write(record.bytes, at: 0)
        hasRecord = true
      default:
        hasRecord = hasRecord || name == TrainerFiles.state
        placements.append(.init(named, file: try output.add(name), offset: 0))
      }
    }
    WriteOptions.leaveOut(tensors: left, options.note)
    if !hasRecord, let step = state.globalStep?.value {
      let total =
        state.schedule?.parameters["num_training_steps"]
        ?? state.schedule?.parameters["num_train_steps"]
      options.note?(
        "no record says the intervals of the run: a Trainer that resumes logs, evaluates and saves "
          + "every 500 steps, whatever its arguments are, until \(TrainerFiles.state) says others"
      )
      let record = TrainerState(
        step: step,
        totalSteps: total?.number.flatMap { Int64(exactly: $0) }
      )
      try output.add(TrainerFiles.state).write(record.bytes, at: 0)
    }
    return placements
  }
}
