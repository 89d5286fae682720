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
    if options.overwrite { try replaceable.check(path, by: state) }
    let output = try OutputDirectory(path, overwrite: options.overwrite)
    try TrainerOutput(state, output, options).write()
    try output.commit()
  }

  private static var replaceable: ReplaceableDirectory {
    ReplaceableDirectory(
      content: "a model",
      part: "part of the checkpoint that would be replaced",
      recognizes: { try HuggingFaceReader.recognizes($0) },
      belongs: TrainerFiles.belongsToCheckpoint
    )
  }
}
