internal import ByteIO
internal import OptimizerCore
internal import Safetensors
internal import Tensors
public import TrainingState

/// Writes checkpoint directories from which Hugging Face's Trainer resumes.
public enum HuggingFaceWriter: StateWriter {
  /// Writes a state into a directory.
  public static func write(
    _ state: TrainingState,
    to path: String,
    options: WriteOptions
  ) throws {
    if options.overwrite { try checkReplaceable(path, by: state) }
    let output = try OutputDirectory(path, overwrite: options.overwrite)
    try TrainerOutput(state, output, options).write()
    try output.commit()
  }

  /// Refuses a directory that is no checkpoint, and one with a file in it that the new one does not replace: a
  /// Trainer's output directory has a model in it, and the checkpoints of weeks beside it.
  private static func checkReplaceable(_ path: String, by state: TrainingState) throws {
    guard FileSystem.kind(of: path) == .directory, try !FileSystem.names(in: path).isEmpty else {
      return
    }
    guard try HuggingFaceReader.recognizes(path) else {
      throw StateError(
        .cannotCreate,
        "is a directory with something else in it than a model",
        file: path
      )
    }
    let carried = Set(state.extras.map { ExactName($0.name) })
    for name in try FileSystem.files(below: path) where !TrainerFiles.belongsToCheckpoint(name) {
      guard carried.contains(ExactName(TrainerFiles.carried + name)) else {
        throw StateError(
          .cannotCreate,
          "is no part of the checkpoint that would be replaced, and would be lost",
          file: FileSystem.path(path, name),
          remedy: "move it away, or name another output"
        )
      }
    }
  }
}
