internal import ByteIO
internal import Tensors
internal import TrainingState

/// A directory of a training run whose place a new one may take.
struct ReplaceableDirectory {
  /// What a directory has to hold, as messages call it.
  let content: String

  /// What a file of it is, as messages call it.
  let part: String

  /// Whether a path is such a directory.
  let recognizes: (String) throws -> Bool

  /// Whether a file of this name belongs to it, and goes where another takes its place.
  let belongs: (String) -> Bool

  /// Refuses a directory that is none of the kind, and one with a file in it that the new one does not replace: there
  /// may be the checkpoints of weeks beside a model.
  ///
  /// - Parameters:
  ///   - path: The directory.
  ///   - state: What shall take its place.
  /// - Throws: `StateError` with code `cannotCreate`, or what listing throws.
  func check(_ path: String, by state: TrainingState) throws {
    guard FileSystem.kind(of: path) == .directory, try !FileSystem.names(in: path).isEmpty else {
      return
    }
    guard try recognizes(path) else {
      throw StateError(
        .cannotCreate,
        "is a directory with something else in it than \(content)",
        file: path
      )
    }
    let carried = Set(state.extras.map { ExactName($0.name) })
    for name in try FileSystem.files(below: path) where !belongs(name) {
      guard carried.contains(ExactName(TrainerFiles.carried + name)) else {
        throw StateError(
          .cannotCreate,
          "is no \(part), and would be lost",
          file: FileSystem.path(path, name),
          remedy: "move it away, or name another output"
        )
      }
    }
  }
}
