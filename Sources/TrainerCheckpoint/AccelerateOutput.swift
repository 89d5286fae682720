internal import ByteIO
internal import OptimizerCore
internal import PyTorchCheckpoint
internal import Tensors
internal import TorchContainer
internal import TrainingState

/// The files of accelerate's `save_state` that are being written.
struct AccelerateOutput {
  private let state: TrainingState
  private let output: OutputDirectory
  private let options: WriteOptions
  private let isOurs: Bool
  private let models: [ModelOutput]

  init(_ state: TrainingState, _ output: OutputDirectory, _ options: WriteOptions) {
    self.state = state
    self.output = output
    self.options = options
    isOurs = state.origin == StateFormat.accelerate.origin
    let (parts, note) = AccelerateModel.parts(of: state)
    if let note { options.note?(note) }
    models = parts.enumerated().map { [isOurs] number, part in
      ModelOutput(part, output, isOurs: isOurs, number: number, note: options.note)
    }
  }

  /// Writes all files.
  func write() throws {
    var archives: [(name: String, output: TorchOutput)] = []
    var placements: [TensorPass.Placement] = []
    for model in models {
      let pickled = try model.pickled()
      archives += pickled
      if pickled.isEmpty { placements += try model.safetensors() }
    }
    if hasOptimizer { archives += try keptOptimizers() ?? freshOptimizers() }
    placements += try carried()
    try DirectoryStream(output, options.progress).copy(placements, archives)
  }

  private var hasOptimizer: Bool {
    state.optimizer != nil || !state.optimizers.isEmpty
      || state.variables.contains { !$0.slots.isEmpty }
      || isOurs && state.attributes[TrainingState.hiddenOptimizer] != nil
  }

  /// The names of the optimizers, `nil` for an only one.
  private var names: [String?] {
    state.optimizers.isEmpty ? [nil] : state.optimizers.map(\.name)
  }

  /// Optimizers and schedulers as they came, brought up to date; `nil` where the state no longer fits them.
  private func keptOptimizers() throws -> [(name: String, output: TorchOutput)]? {
    guard isOurs else { return nil }
    var files: [(name: String, output: TorchOutput)] = []
    for (number, name) in names.enumerated() {
      let optimizer = AccelerateFiles.numbered(AccelerateFiles.optimizer, number)
      let scheduler = AccelerateFiles.numbered(AccelerateFiles.scheduler, number)
      guard name == nil || name == AccelerateFiles.stem(of: optimizer) else { return nil }
      let view = view(of: number)
      let rates = try TemplateTree(view, prefix: scheduler + "/", options: options)
      guard
        let template = try TemplateTree(
          view,
          prefix: optimizer + "/",
          named: name,
          scheduler: rates?.tree,
          countsAlone: true,
          options: options
        )
      else { return nil }
      if rates == nil { try refuseLooseScheduler(number) }
      files.append((optimizer, try template.output(state, file: optimizer, options.note)))
      if let rates {
        files.append((scheduler, try rates.output(state, file: scheduler, options.note)))
      }
    }
    return files
  }

  /// The state with the variables of one of several optimizers alone.
  private func view(of number: Int) -> TrainingState {
    guard !state.optimizers.isEmpty else { return state }
    let own = Set(state.optimizers[number].members.map { ExactName($0) })
    var copy = state
    copy.variables = state.variables.filter { own.contains(ExactName($0.name)) }
    return copy
  }

  /// Refuses to move one of several optimizers where a scheduler may be its own that is carried along as it is.
  private func refuseLooseScheduler(_ number: Int) throws {
    guard !state.optimizers.isEmpty else { return }
    let own = state.optimizers[number]
    guard own.step != state.stepRead(of: own.name),
      let loose = state.extras.first(where: { extra in
        guard extra.name.utf8.starts(with: TrainerFiles.carried.utf8) else { return false }
        let name = String(extra.name.dropFirst(TrainerFiles.carried.count))
        return AccelerateFiles.kind(name)?.kind == .scheduler
      })
    else { return }
    throw StateError(
      .unsupported,
      "there are several schedulers, and it is not certain which one counts with optimizer '\(own.name)'",
      tensor: loose.name,
      remedy: "change it in PyTorch"
    )
  }

  /// Optimizers and schedulers made anew.
  private func freshOptimizers() throws -> [(name: String, output: TorchOutput)] {
    var files: [(name: String, output: TorchOutput)] = []
    var schedulers = 0
    for (number, name) in names.enumerated() {
      let own = try name.map { try state.choosing($0).withoutOthers } ?? state
      let fresh = try freshOptimizer(own, name, number)
      files.append(fresh.optimizer)
      guard let scheduler = fresh.scheduler else { continue }
      // Numbers go through what there is: a run prepares no scheduler that is not.
      let first = AccelerateFiles.numbered(AccelerateFiles.scheduler, schedulers)
      files.append((first, try torch(scheduler, [], TorchNodes(), in: first)))
      schedulers += 1
    }
    return files
  }

  private func freshOptimizer(
    _ own: TrainingState,
    _ name: String?,
    _ number: Int
  ) throws -> (optimizer: (name: String, output: TorchOutput), scheduler: PickleValue?) {
    let note: ((String) -> Void)? = options.note.map { note in
      { text in note(name.map { "\($0): \(text)" } ?? text) }
    }
    let nodes = TorchNodes()
    let fresh = try FreshOptimizer(
      own,
      parameters: name == nil ? FreshTree.parameters(own) : members(number),
      nodes: nodes,
      asTrainer: false,
      note: note
    )
    note?(
      "the optimizer numbers \(fresh.names.count) parameters as the state lists them: the run that goes on has to "
        + "list them so, beginning with \(fresh.names.first ?? "none")"
    )
    if fresh.scheduler == nil, !fresh.countsUpdates, let step = own.globalStep?.value, step > 0 {
      try options.leaveOut(step: step)
    }
    let file = AccelerateFiles.numbered(AccelerateFiles.optimizer, number)
    let made = try torch(fresh.value, fresh.tensors, nodes, in: file)
    return ((file, made), fresh.scheduler)
  }

  private func torch(
    _ tree: PickleValue,
    _ tensors: [StoragePlan.Node],
    _ nodes: TorchNodes,
    in file: String
  ) throws -> TorchOutput {
    try TorchOutput(file: file, tree, tensors, nodes, of: state, options.note)
  }

  /// The variables of one of several optimizers in the order of its numbers.
  private func members(_ number: Int) -> [Variable] {
    let variables = Dictionary(
      state.variables.map { (ExactName($0.name), $0) },
      uniquingKeysWith: { first, _ in first }
    )
    return state.optimizers[number].members.compactMap { variables[ExactName($0)] }
  }

  /// The files that are carried along.
  private func carried() throws -> [TensorPass.Placement] {
    var placements: [TensorPass.Placement] = []
    var left: [String] = []
    for extra in state.extras {
      let mark = TrainerFiles.carried
      guard isOurs, extra.name.utf8.starts(with: mark.utf8) else {
        if !isOurs { left.append(extra.name) }
        continue
      }
      let name = String(extra.name.dropFirst(mark.count))
      if name == TrainerFiles.modelIndex, !models.allSatisfy(\.keepsIndex) { continue }
      // Without optimizers there is nothing left to schedule.
      if !hasOptimizer, AccelerateFiles.kind(name)?.kind == .scheduler { continue }
      let file = try output.add(name)
      placements.append(.init(NamedTensor(extra.name, extra.tensor), file: file, offset: 0))
    }
    WriteOptions.leaveOut(tensors: left, options.note)
    return placements
  }
}
