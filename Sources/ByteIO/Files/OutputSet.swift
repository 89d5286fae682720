#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
internal import Tensors

/// Files that appear together and complete, or not at all.
///
/// Each is written under a temporary name beside its target. ``commit()`` flushes all of them,
/// renames them in the order in which they were added and flushes their directories: the file that
/// makes the others valid is added last. A set that is dropped uncommitted removes its files.
public final class OutputSet {
  private let overwrite: Bool
  private var files: [(temporary: String, target: String, file: PositionalFile?)] = []
  private var obsolete: [String] = []

  /// Begins an empty set.
  ///
  /// - Parameter overwrite: Whether existing targets may be replaced.
  public init(overwrite: Bool) {
    self.overwrite = overwrite
  }

  deinit {
    for entry in files {
      unsafe unlink(entry.temporary)
      TemporaryFiles.release(entry.temporary)
    }
  }

  /// Adds a file and opens it.
  ///
  /// - Parameter target: The path that it will have.
  /// - Returns: The file, open for writing.
  /// - Throws: `StateError` with code `exists` when the target exists and may not be replaced,
  ///   `cannotCreate` when the file cannot be made.
  public func add(_ target: String) throws -> PositionalFile {
    let temporary = try reserve(target)
    let file = try PositionalFile.create(temporary)
    files[files.count - 1].file = file
    return file
  }

  /// Adds a file that somebody else creates at the returned path.
  ///
  /// - Parameter target: The path that it will have.
  /// - Returns: The temporary path beside the target.
  /// - Throws: `StateError` as ``add(_:)``.
  public func reserve(_ target: String) throws -> String {
    switch FileSystem.kind(of: target) {
    case .file where !overwrite:
      throw StateError(
        .exists,
        "already exists",
        file: target,
        remedy: "pass --overwrite to replace it"
      )
    case .directory:
      throw StateError(.cannotCreate, "is a directory", file: target)
    case .other:
      throw StateError(.cannotCreate, "is no regular file", file: target)
    case .file, nil: break
    }
    let directory = FileSystem.directory(of: target)
    try FileSystem.createDirectory(directory)
    TemporaryFiles.removeStale(in: directory)
    let temporary = TemporaryFiles.reserve(beside: target)
    files.append((temporary, target, nil))
    return temporary
  }

  /// Marks a file that must vanish before the new ones appear, because it would describe them falsely.
  ///
  /// - Parameter path: The file; that it is missing is no error.
  public func removeBeforeCommit(_ path: String) {
    obsolete.append(path)
  }

  /// Makes all files appear under their names.
  ///
  /// - Throws: `StateError` with code `inputOutput` when flushing fails, `exists` when another
  ///   process made a target meanwhile, `cannotCreate` when renaming fails.
  public func commit() throws {
    for entry in files {
      try (entry.file ?? PositionalFile.openForWriting(entry.temporary)).sync()
    }
    for path in obsolete { try FileSystem.remove(path) }
    var directories: Set<String> = []
    while let entry = files.first {
      try appear(entry.temporary, as: entry.target)
      TemporaryFiles.release(entry.temporary)
      files.removeFirst()
      directories.insert(FileSystem.directory(of: entry.target))
    }
    for directory in directories { try FileSystem.syncDirectory(directory) }
  }

  private func appear(_ temporary: String, as target: String) throws {
    if !overwrite {
      // A link, unlike a rename, never replaces what another process has just made.
      if unsafe link(temporary, target) == 0 {
        unsafe unlink(temporary)
        return
      }
      if errno == EEXIST {
        throw StateError(
          .exists,
          "appeared while it was being written",
          file: target,
          remedy: "pass --overwrite to replace it"
        )
      }
    }
    guard unsafe rename(temporary, target) == 0 else {
      throw StateError.system(.cannotCreate, "rename the finished file to", target)
    }
  }
}
