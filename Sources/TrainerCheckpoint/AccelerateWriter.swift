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
    if options.overwrite { try checkReplaceable(path, by: state) }
    let output = try OutputDirectory(path, overwrite: options.overwrite)
    try AccelerateOutput(state, output, options).write()
    try output.commit()
  }

  /// Refuses a directory that is none of accelerate's, and one with a file in it that the new one does not replace.
  private static func checkReplaceable(_ path: String, by state: TrainingState) throws {
    guard FileSystem.kind(of: path) == .directory, try !FileSystem.names(in: path).isEmpty else {
      return
    }
    guard try AccelerateReader.recognizes(path) else {
      throw StateError(
        .cannotCreate,
        "is a directory with something else in it than accelerate's files",
        file: path
      )
    }
    let carried = Set(state.extras.map { ExactName($0.name) })
    for name in try FileSystem.files(below: path) where !AccelerateFiles.belongs(name) {
      guard carried.contains(ExactName(TrainerFiles.carried + name)) else {
        throw StateError(
          .cannotCreate,
          "is no file of accelerate's, and would be lost",
          file: FileSystem.path(path, name),
          remedy: "move it away, or name another output"
        )
      }
    }
  }
}
