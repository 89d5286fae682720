internal import ByteIO
internal import OptimizerCore
internal import Tensors
internal import TorchContainer
public import TrainingState

/// Writes what `torch.load` reads, with `weights_only=True` and with `mmap=True`.
///
/// A state that came from such a file is written in that file's own layout; any other as
/// `{"model": …, "optimizer": …, "scheduler": …, "global_step": …}`, without what it has not.
public enum PyTorchWriter: StateWriter {
  /// Writes a state into a file.
  public static func write(
    _ state: TrainingState,
    to path: String,
    options: WriteOptions
  ) throws {
    let output = OutputSet(overwrite: options.overwrite)
    let prepared = try prepare(state, path: path, options)
    try prepared.write(to: try output.add(path), progress: options.progress)
    try output.commit()
  }

  private static func prepare(
    _ state: TrainingState,
    path: String,
    _ options: WriteOptions
  ) throws -> TorchOutput {
    let note = options.note
    var root = TorchLayout.stem(of: path)
    if state.origin == StateFormat.pyTorch.origin {
      if let template = try TemplateTree(state, options: options) {
        if case .string(let kept)? = state.attributes[TorchExtras.root] { root = kept }
        return try TorchOutput(
          template.tree,
          template.tensors,
          original: template.original,
          nodes: template.nodes,
          state: state,
          root: root,
          note: note
        )
      }
      note?("the variables are no longer those of the file that they came from: its layout is left")
    }
    noteExtras(state, note)
    var own = state
    own.extras = []
    let kept = [TrainingState.keepsSteps, TrainingState.unreadScheduleAttribute]
    let unread = state.optimizers.map { TrainingState.unreadSchedule(of: $0.name) }
    own.attributes = state.attributes.filter { (kept + unread).contains($0.key) }
    let fresh = try FreshTree(own, note: note)
    return try TorchOutput(
      fresh.tree,
      fresh.tensors,
      nodes: fresh.nodes,
      state: own,
      root: root,
      note: note
    )
  }

  /// Says what a new file has no place for.
  package static func noteExtras(_ state: TrainingState, _ note: ((String) -> Void)?) {
    let names = (state.extras + state.optimizerTensors).map(\.name)
    WriteOptions.leaveOut(tensors: names, note)
  }
}
