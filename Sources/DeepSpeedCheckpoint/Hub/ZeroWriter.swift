internal import ByteIO
internal import Tensors
public import TrainingState

/// Writes checkpoints of ZeRO, cut for any number of ranks, from which DeepSpeed goes on with as many by its ordinary
/// `load_checkpoint`.
public enum ZeroWriter: StateWriter {
  /// Writes a state into a directory.
  public static func write(
    _ state: TrainingState,
    to path: String,
    options: WriteOptions
  ) throws {
    try CheckpointWriting.write(state, to: path, isUniversal: false, options: options)
  }
}
