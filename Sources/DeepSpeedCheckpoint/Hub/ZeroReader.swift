internal import ByteIO
internal import TorchContainer
public import TrainingState

/// Reads checkpoints of DeepSpeed's ZeRO: a directory whose file `latest` names the one that has the ranks' files, or
/// that one.
///
/// A tensor is put together from the parts of all ranks; nothing but structure and steps is read.
public enum ZeroReader: StateReader {
  /// Whether a path is such a directory.
  public static func recognizes(_ probe: StateProbe) throws -> Bool {
    guard probe.kind == .directory else { return false }
    return try CheckpointFolder(probe.path, isUniversal: false) != nil
  }

  /// Describes the state in a directory.
  public static func read(_ probe: StateProbe, options: ReadOptions) throws -> TrainingState {
    try CheckpointReading.read(probe, isUniversal: false, options: options)
  }
}
