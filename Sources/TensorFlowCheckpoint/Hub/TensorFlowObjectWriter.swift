internal import Tensors
public import TrainingState

/// Writes V2 checkpoints that hold an object graph.
///
/// The graph is the one that the state came with; it fits as long as no variable was added or renamed.
public enum TensorFlowObjectWriter: StateWriter {
  /// The name of the format.
  public static let format = TensorFlowReader.objectFormat

  /// Writes a state and its object graph under a prefix.
  public static func write(
    _ state: TrainingState,
    to path: String,
    options: WriteOptions
  ) throws {
    guard state.extras.contains(where: { $0.name == TensorFlowReader.objectGraphName }) else {
      throw StateError(
        .unsupported,
        "the state has no object graph",
        remedy: "write it by name: --to \(TensorFlowWriter.format)"
      )
    }
    try TensorFlowWriter.write(state, to: path, options: options)
  }
}
