internal import ByteIO
internal import Tensors

/// The directory of one checkpoint among those that a run has saved.
struct CheckpointFolder {
  let path: String

  /// Its name, where the way to it led through the file that names the latest one.
  let tag: String?

  /// The file that names the latest checkpoint.
  static let latest = "latest"

  /// The file that names the latest universal one.
  static let latestUniversal = "latest_universal"

  /// Finds the directory that has the ranks' files: a path itself, or the one in it that a file names.
  ///
  /// - Parameters:
  ///   - path: The path.
  ///   - isUniversal: Whether a universal checkpoint is looked for.
  /// - Throws: `StateError` when a directory cannot be listed.
  init?(_ path: String, isUniversal: Bool) throws {
    if try Self.isCheckpoint(path, isUniversal) {
      self.path = path
      tag = nil
      return
    }
    // The universal one was made of another that may be older than the latest.
    let names = isUniversal ? [Self.latest, Self.latestUniversal] : [Self.latest]
    let pointer = names.map { FileSystem.path(path, $0) }.first { FileSystem.kind(of: $0) == .file }
    guard let pointer else { return nil }
    let bytes = try PositionalFile.contents(of: pointer, within: .nameBytes, "the file")
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    let tag = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    // A name, not a path: it never leads out of the directory.
    guard !tag.isEmpty, tag != ".", tag != "..", !tag.utf8.contains(UInt8(ascii: "/")),
      try Self.isCheckpoint(FileSystem.path(path, tag), isUniversal)
    else { return nil }
    self.path = FileSystem.path(path, tag)
    self.tag = tag
  }

  private static func isCheckpoint(_ folder: String, _ isUniversal: Bool) throws -> Bool {
    let common = FileSystem.path(
      FileSystem.path(folder, UniversalTree.folder),
      UniversalTree.record
    )
    guard (FileSystem.kind(of: common) == .file) == isUniversal else { return false }
    return try ZeroFiles.isCheckpoint(folder)
  }
}
