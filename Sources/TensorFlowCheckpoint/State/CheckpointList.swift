internal import ByteIO
internal import Tensors

/// The entry of one checkpoint in the `checkpoint` file of its directory.
///
/// Whatever the file names is complete, at every moment: a checkpoint that is about to be replaced is
/// taken out before and put in again behind.
struct CheckpointList {
  private let prefix: String
  private let directory: String
  private let path: String

  init(of prefix: String) {
    self.prefix = prefix
    directory = FileSystem.directory(of: prefix)
    path = FileSystem.path(directory, CheckpointStateFile.name)
  }

  /// Finds out before any work is done whether the file can be understood.
  func check() throws { _ = try current() }

  /// Takes the checkpoint out, where it is there and listed.
  ///
  /// - Returns: What the file said before, `nil` where nothing was taken out.
  func remove() throws -> CheckpointStateFile? {
    guard FileSystem.kind(of: prefix + ".index") != nil, let old = try current() else { return nil }
    guard let rest = withoutOwnEntry(old) else {
      try FileSystem.remove(path)
      try FileSystem.syncDirectory(directory)
      return old
    }
    if rest.text == old.text { return nil }
    try write(rest)
    return old
  }

  /// Puts the checkpoint back in, where it is still the old one.
  func restore(_ old: CheckpointStateFile) throws {
    if FileSystem.kind(of: prefix + ".index") != nil { try write(old) }
  }

  /// Writes a file that names the checkpoint as the latest one, behind those already on record.
  ///
  /// - Returns: The file, flushed, which gets its name when it is committed.
  func adding() throws -> OutputSet {
    let others = try current().flatMap(withoutOwnEntry) ?? CheckpointStateFile()
    return try written(others.adding(FileSystem.name(of: prefix)))
  }

  private func withoutOwnEntry(_ list: CheckpointStateFile) -> CheckpointStateFile? {
    let index = prefix + ".index"
    return list.removing { FileSystem.isSame(FileSystem.path(directory, $0) + ".index", index) }
  }

  private func current() throws -> CheckpointStateFile? {
    guard FileSystem.kind(of: path) == .file else { return nil }
    let list = try CheckpointStateFile.read(path)
    guard list.isList else {
      throw StateError(
        .cannotCreate,
        "is no list of checkpoints, and one would take its place",
        file: path,
        remedy: "move it away, or write to another directory"
      )
    }
    return list
  }

  private func write(_ state: CheckpointStateFile) throws {
    try written(state).commit(locked: true)
  }

  private func written(_ state: CheckpointStateFile) throws -> OutputSet {
    let output = OutputSet(overwrite: true, mayReplaceInputs: true)
    try output.add(path).write(Array(state.text.utf8), at: 0)
    try output.flush()
    return output
  }
}
