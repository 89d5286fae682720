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
  private let model: ModelOutput

  init(_ state: TrainingState, _ output: OutputDirectory, _ options: WriteOptions) {
    self.state = state
    self.output = output
    self.options = options
    isOurs = state.origin == StateFormat.accelerate.origin
    model = ModelOutput(state, output, isOurs: isOurs, note: options.note)
  }

  /// Writes all files.
  func write() throws {
    var archives = try model.pickled()
    var placements = archives.isEmpty ? try model.safetensors() : []
    if hasOptimizer { archives += try keptOptimizer() ?? freshOptimizer() }
    placements += try carried()
    try DirectoryStream(output, options.progress).copy(placements, archives)
  }

  private var hasOptimizer: Bool {
    state.optimizer != nil || state.variables.contains { !$0.slots.isEmpty }
      || isOurs && state.attributes[TrainingState.hiddenOptimizer] != nil
  }

  /// Optimizer and scheduler as they came, brought up to date; `nil` where the state no longer fits them.
  private func keptOptimizer() throws -> [(name: String, output: TorchOutput)]? {
    let (optimizer, scheduler) = (AccelerateFiles.optimizer, AccelerateFiles.scheduler)
    guard isOurs else { return nil }
    let rates = try TemplateTree(state, prefix: scheduler + "/", options: options)
    guard
      let template = try TemplateTree(
        state,
        prefix: optimizer + "/",
        scheduler: rates?.tree,
        countsAlone: true,
        options: options
      )
    else { return nil }
    var files = [(optimizer, try template.output(state, file: optimizer, options.note))]
    if let rates {
      files.append((scheduler, try rates.output(state, file: scheduler, options.note)))
    }
    return files
  }

  /// Optimizer and scheduler made anew.
  private func freshOptimizer() throws -> [(name: String, output: TorchOutput)] {
    let nodes = TorchNodes()
    let fresh = try FreshOptimizer(
      state,
      parameters: FreshTree.parameters(state),
      nodes: nodes,
      asTrainer: false,
      note: options.note
    )
    options.note?(
      "the optimizer numbers \(fresh.names.count) parameters as the state lists them: the run that goes on has to "
        + "list them so, beginning with \(fresh.names.first ?? "none")"
    )
    var files = [
      (
        AccelerateFiles.optimizer,
        try TorchOutput(
          file: AccelerateFiles.optimizer,
          fresh.value,
          fresh.tensors,
          nodes,
          of: state,
          options.note
        )
      )
    ]
    if let scheduler = fresh.scheduler {
      let name = AccelerateFiles.scheduler
      files.append(
        (name, try TorchOutput(file: name, scheduler, [], TorchNodes(), of: state, options.note))
      )
    } else if !fresh.countsUpdates, let step = state.globalStep?.value, step > 0 {
      try options.leaveOut(step: step)
    }
    return files
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
      if name == TrainerFiles.modelIndex, !model.keepsIndex { continue }
      // Without optimizers there is nothing left to schedule.
      if !hasOptimizer, AccelerateFiles.kind(name)?.kind == .scheduler { continue }
      let file = try output.add(name)
      placements.append(.init(NamedTensor(extra.name, extra.tensor), file: file, offset: 0))
    }
    WriteOptions.leaveOut(tensors: left, options.note)
    return placements
  }
}
