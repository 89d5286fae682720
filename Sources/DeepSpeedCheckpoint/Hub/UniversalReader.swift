internal import ByteIO
internal import TorchContainer
public import TrainingState

/// Reads universal checkpoints of DeepSpeed's: a folder for each parameter beside the model's files.
public enum UniversalReader: StateReader {
  /// Whether a path is such a directory, or one whose file `latest` or `latest_universal` names one.
  public static func recognizes(_ probe: StateProbe) throws -> Bool {
    guard probe.kind == .directory else { return false }
    return try CheckpointFolder(probe.path, isUniversal: true) != nil
  }

  /// Describes the state in a directory.
  public static func read(_ probe: StateProbe, options: ReadOptions) throws -> TrainingState {
    try CheckpointReading.read(probe, isUniversal: true, options: options)
  }
}
