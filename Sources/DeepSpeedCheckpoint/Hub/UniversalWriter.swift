internal import ByteIO
internal import Tensors
public import TrainingState

/// Writes universal checkpoints, which DeepSpeed loads into any number of ranks with `load_universal`.
public enum UniversalWriter: StateWriter {
  /// Writes a state into a directory.
  public static func write(
    _ state: TrainingState,
    to path: String,
    options: WriteOptions
  ) throws {
    try CheckpointWriting.write(state, to: path, isUniversal: true, options: options)
  }
}
