#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
internal import Tensors

/// Files that appear together and complete, or not at all.
///
/// Each is written under a temporary name beside its target. `commit()` flushes all of them,
/// renames them in the order in which they were added and flushes their directories: the file that
/// makes the others valid is added last. A set that is dropped uncommitted removes its files and the
/// directories that it had to make for them.
public final class OutputSet {
  private let overwrite: Bool
  private let mayReplaceInputs: Bool
  private var files: [(temporary: String, target: String, file: PositionalFile?)] = []
  private var obsolete: [String] = []
  private var made: [String] = []

  /// Begins an empty set.
  ///
  /// - Parameters:
  ///   - overwrite: Whether existing targets may be replaced.
  ///   - mayReplaceInputs: Whether they may be replaced even where the state was read from them; for
  ///     a list of checkpoints that grows by one.
  public init(overwrite: Bool, mayReplaceInputs: Bool = false) {
    self.overwrite = overwrite
    self.mayReplaceInputs = mayReplaceInputs
  }

  deinit {
    for entry in files {
      unsafe unlink(entry.temporary)
      TemporaryFiles.release(entry.temporary)
    }
    // Where the files have appeared, they are not empty.
    FileSystem.removeEmpty(made)
  }

  /// Adds a file and opens it.
  ///
  /// - Parameter target: The path that it will have.
  /// - Returns: The file, open for writing.
  /// - Throws: `StateError` with code `exists` when the target exists and may not be replaced,
  ///   `cannotCreate` when the file cannot be made.
  public func add(_ target: String) throws -> PositionalFile {
    let temporary = try reserve(target)
    let file = try TemporaryFiles.uninterrupted { try PositionalFile.create(temporary) }
    files[files.count - 1].file = file
    return file
  }

  /// Adds a file that somebody else makes.
  ///
  /// - Parameters:
  ///   - target: The path that it will have.
  ///   - body: Makes the file at the temporary path that it is given. Its errors are told of the target:
  ///     that is what the user knows.
  /// - Returns: What the body returns.
  /// - Throws: `StateError` as ``add(_:)``, or what the body throws.
  public func add<Result>(
    _ target: String,
    madeBy body: (_ temporary: String) throws -> Result
  ) throws -> Result {
    let temporary = try reserve(target)
    do {
      return try body(temporary)
    } catch var error as StateError {
      // Whoever fails to read says which file; libhdf5, which fails to write, does not.
      let isNameless = error.file == nil && !error.code.concernsData
      if error.file == temporary || isNameless { error.file = target }
      throw error
    }
  }

  private func reserve(_ target: String) throws -> String {
    try check(target)
    let directory = FileSystem.directory(of: target)
    made += try FileSystem.createDirectory(directory)
    TemporaryFiles.removeStale(in: directory)
    let temporary = TemporaryFiles.reserve(beside: target)
    files.append((temporary, target, nil))
    return temporary
  }

  /// Whether a file may be made, before any work is done for it.
  ///
  /// - Parameter target: The path that it will have.
  /// - Throws: `StateError` with code `exists` when the target exists and may not be replaced,
  ///   `invalidArgument` when it is a file of the input, `cannotCreate` when it is no regular file.
  public func check(_ target: String) throws {
    guard !FileSystem.isDescriptor(target) else {
      throw StateError(
        .cannotCreate,
        "is a stream that is open, and no name for a file",
        file: target
      )
    }
    if !mayReplaceInputs { try InputTrace.check(target) }
    switch FileSystem.kind(of: target) {
    case .directory:
      throw StateError(.cannotCreate, "is a directory", file: target)
    case .other:
      throw StateError(.cannotCreate, "is no regular file", file: target)
    case .file, nil:
      guard overwrite || !FileSystem.isTaken(target) else {
        throw StateError(
          .exists,
          "already exists",
          file: target,
          remedy: "pass --overwrite to replace it"
        )
      }
    }
  }

  /// Marks a file that must vanish before the new ones appear, because it would describe them falsely.
  ///
  /// - Parameter path: The file; that it is missing is no error.
  public func removeBeforeCommit(_ path: String) {
    obsolete.append(path)
  }

  /// Makes all files appear under their names.
  ///
  /// - Parameter locked: Whether the caller holds a ``DirectoryLock`` on the files' directories.
  /// - Throws: `StateError` with code `inputOutput` when flushing fails, `exists` when another
  ///   process made a target meanwhile, `cannotCreate` when renaming fails.
  public func commit(locked: Bool = false) throws {
    try flush()
    let directories = Set((files.map(\.target) + obsolete).map(FileSystem.directory)).sorted()
    let locks = try locked ? [] : directories.map { try DirectoryLock($0) }
    // A signal that came between two names would leave neither the old files nor the new ones.
    try withExtendedLifetime(locks) {
      try TemporaryFiles.uninterrupted { try rename(in: directories) }
    }
  }

  /// Waits until the files' bytes are on the disk; committing waits for them, too.
  ///
  /// - Throws: `StateError` with code `inputOutput`.
  public func flush() throws {
    for entry in files {
      try (entry.file ?? PositionalFile.openForWriting(entry.temporary)).sync()
    }
  }

  private func rename(in directories: [String]) throws {
    var changes = NameChanges()
    do {
      for path in obsolete { try changes.putAside(path) }
      // After a power failure, too, the file that vouches for the others is there only with them.
      if !obsolete.isEmpty { try directories.forEach(FileSystem.syncDirectory) }
      if overwrite, files.count > 1 { for entry in files { changes.keep(entry.target) } }
      let last = files.count - 1
      for (number, entry) in files.enumerated() {
        if number > 0, number == last { try directories.forEach(FileSystem.syncDirectory) }
        let isNew = !FileSystem.isTaken(entry.target)
        try appear(entry.temporary, as: entry.target)
        changes.made(entry.target, isNew: isNew)
        TemporaryFiles.release(entry.temporary)
      }
      files = []
      try directories.forEach(FileSystem.syncDirectory)
    } catch {
      changes.undo()
      throw error
    }
    changes.finish()
  }

  private func appear(_ temporary: String, as target: String) throws {
    if !overwrite {
      // A link, unlike a rename, never replaces what another process has just made.
      if Fault.status(.rename, target, { unsafe link(temporary, target) }) == 0 {
        unsafe unlink(temporary)
        return
      }
      let number = errno
      if number == EEXIST {
        throw StateError(
          .exists,
          "appeared while it was being written",
          file: target,
          remedy: "pass --overwrite to replace it"
        )
      }
      // Not every file system has links.
      guard [EPERM, EACCES, ENOTSUP, ENOSYS, EMLINK].contains(number) else {
        errno = number
        throw StateError.system(.cannotCreate, "rename what is finished to", target)
      }
    }
    try FileSystem.rename(temporary, target)
  }
}
