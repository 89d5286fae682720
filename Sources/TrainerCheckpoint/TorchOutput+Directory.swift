internal import PyTorchCheckpoint
internal import TorchContainer
internal import TrainingState

extension TorchOutput {
  /// An archive that is one file of a directory: what the state carries along is in files of its own.
  ///
  /// - Parameters:
  ///   - name: The file's name.
  ///   - tree: What is pickled.
  ///   - tensors: The tensors in it.
  ///   - nodes: What made the objects.
  ///   - state: The state.
  ///   - note: Told of what is written differently.
  /// - Throws: `StateError` when the archive cannot be laid out.
  init(
    file name: String,
    _ tree: PickleValue,
    _ tensors: [StoragePlan.Node],
    _ nodes: TorchNodes,
    of state: TrainingState,
    _ note: ((String) -> Void)?
  ) throws {
    var own = state
    own.extras = []
    own.attributes = [:]
    try self.init(
      tree,
      tensors,
      nodes: nodes,
      state: own,
      prefix: name + "/",
      root: TorchLayout.stem(of: name),
      note: note
    )
  }
}
