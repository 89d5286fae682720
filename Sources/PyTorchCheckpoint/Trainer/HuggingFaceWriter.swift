internal import ByteIO
internal import OptimizerCore
internal import Safetensors
internal import Tensors
public import TrainingState

/// Writes checkpoint directories from which Hugging Face's Trainer resumes.
public enum HuggingFaceWriter: StateWriter {
  /// The name of the format.
  public static let format = HuggingFaceReader.format

  /// Writes a state into a directory.
  public static func write(
    _ state: TrainingState,
    to path: String,
    options: WriteOptions
  ) throws {
    if FileSystem.kind(of: path) == .directory, try !FileSystem.names(in: path).isEmpty,
      options.overwrite, try !HuggingFaceReader.recognizes(path)
    {
      throw StateError(
        .cannotCreate,
        "is a directory with something else in it than a model",
        file: path
      )
    }
    let output = try OutputDirectory(path, overwrite: options.overwrite)
    try TrainerOutput(state, output, options).write()
    try output.commit()
  }
}
