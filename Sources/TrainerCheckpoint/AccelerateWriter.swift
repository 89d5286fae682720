internal import ByteIO
internal import OptimizerCore
internal import Tensors
public import TrainingState

/// Writes directories that accelerate's `load_state` reads.
public enum AccelerateWriter: StateWriter {
  /// Writes a state into a directory.
  public static func write(
    _ state: TrainingState,
    to path: String,
    options: WriteOptions
  ) throws {
    if options.overwrite { try replaceable.check(path, by: state) }
    let output = try OutputDirectory(path, overwrite: options.overwrite)
    try AccelerateOutput(state, output, options).write()
    try output.commit()
  }

  private static var replaceable: ReplaceableDirectory {
    ReplaceableDirectory(
      content: "accelerate's files",
      part: "file of accelerate's",
      recognizes: { try AccelerateReader.recognizes($0) },
      belongs: AccelerateFiles.belongs
    )
  }
}
