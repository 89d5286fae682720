#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
internal import Tensors

/// A directory of files that appears complete, or not at all.
///
/// It is made under a temporary name beside its target. `commit()` flushes all files and gives the
/// directory its name, in exchange for an old one where there is one: at no moment is neither there. One that
/// is dropped uncommitted is removed, with the directories above it that had to be made.
public final class OutputDirectory {
  private let target: String
  private let temporary: String
  private let overwrite: Bool
  private var files: [PositionalFile] = []
  private var directories: Set<String>
  private let parents: [String]

  /// Begins an empty directory.
  ///
  /// - Parameters:
  ///   - target: The path that it will have.
  ///   - overwrite: Whether an existing directory may be replaced.
  /// - Throws: `StateError` with code `exists` when the target exists and may not be replaced,
  ///   `invalidArgument` when a file of the input is in it, `cannotCreate` when it is no directory or the
  ///   new one cannot be made.
  public init(_ target: String, overwrite: Bool) throws {
    Self.settle(target)
    switch FileSystem.kind(of: target) {
    case nil: break
    case .directory:
      let isEmpty = try FileSystem.names(in: target).isEmpty
      guard overwrite || isEmpty else {
        throw StateError(
          .exists,
          "already exists",
          file: target,
          remedy: "pass --overwrite to replace it"
        )
      }
      for name in try FileSystem.files(below: target) {
        try InputTrace.check(FileSystem.path(target, name))
      }
    case .file, .other: throw StateError(.cannotCreate, "is no directory", file: target)
    }
    let parent = FileSystem.directory(of: target)
    parents = try FileSystem.createDirectory(parent)
    TemporaryFiles.removeStale(in: parent)
    self.target = target
    self.overwrite = overwrite
    temporary = TemporaryFiles.reserve(beside: target)
    directories = [temporary]
    _ = try TemporaryFiles.uninterrupted { try FileSystem.createDirectory(temporary) }
  }

  deinit {
    FileSystem.removeTree(temporary)
    TemporaryFiles.release(temporary)
    // Where the directory has appeared, they are not empty.
    FileSystem.removeEmpty(parents)
  }

  /// Process numbers mean something where they are from; another machine may share the directory.
  private static let infix = ".replaced-by-\(TemporaryFiles.origin)-"

  /// Finishes what a killed process was doing to a directory without an exchange: an old one goes back
  /// where no new one has come, and goes away where one has.
  private static func settle(_ target: String) {
    let parent = FileSystem.directory(of: target)
    let prefix = FileSystem.name(of: target) + infix
    guard let lock = try? DirectoryLock(parent, patience: 0),
      let names = try? FileSystem.names(in: parent)
    else { return }
    withExtendedLifetime(lock) {
      for name in names where name.hasPrefix(prefix) {
        guard let process = Int32(name.dropFirst(prefix.count)), process > 0,
          kill(process, 0) != 0, errno == ESRCH
        else { continue }
        let old = FileSystem.path(parent, name)
        guard FileSystem.isOwn(old) else { continue }
        if FileSystem.isTaken(target) {
          FileSystem.removeTree(old)
        } else {
          try? FileSystem.rename(old, target)
        }
      }
    }
  }

  /// Adds a file and opens it.
  ///
  /// - Parameter name: Its path relative to the directory, without `..`.
  /// - Returns: The file, open for writing.
  /// - Throws: `StateError` with code `unsupported` when the path leads out of the directory,
  ///   `cannotCreate` when the file cannot be made.
  public func add(_ name: String) throws -> PositionalFile {
    do {
      _ = try ZipName.check(Array(name.utf8), at: 0)
    } catch {
      throw StateError(.unsupported, "a file's name leads out of the directory", tensor: name)
    }
    let path = FileSystem.path(temporary, name)
    let parent = FileSystem.directory(of: path)
    let file = try TemporaryFiles.uninterrupted {
      if directories.insert(parent).inserted { try FileSystem.createDirectory(parent) }
      return try PositionalFile.createReopening(path)
    }
    files.append(file)
    return file
  }

  /// Makes the directory appear under its name.
  ///
  /// - Throws: `StateError` with code `inputOutput` when flushing fails, `exists` when another process
  ///   made the target meanwhile, `cannotCreate` when renaming fails.
  public func commit() throws {
    for file in files { try file.sync() }
    for directory in directories { try FileSystem.syncDirectory(directory) }
    let parent = FileSystem.directory(of: target)
    let lock = try DirectoryLock(parent)
    try withExtendedLifetime(lock) { try TemporaryFiles.uninterrupted { try appear() } }
    try FileSystem.syncDirectory(parent)
    // What an exchange has brought under the temporary name is the old directory.
    FileSystem.removeTree(temporary)
  }

  private func appear() throws {
    if overwrite, FileSystem.kind(of: target) == .directory {
      if try !FileSystem.exchange(temporary, target) { try replaceInTwoSteps() }
      return
    }
    do {
      try FileSystem.rename(temporary, target)
    } catch let error as StateError {
      // An empty directory may be replaced, one with files in it never is.
      guard !overwrite, FileSystem.kind(of: target) == .directory else { throw error }
      throw StateError(
        .exists,
        "appeared while it was being written",
        file: target,
        remedy: "pass --overwrite to replace it"
      )
    }
  }

  /// Puts the new directory in the old one's place in two steps, where the file system has no exchange.
  ///
  /// The old one gets a name that nobody takes for a temporary one: whoever is killed between the steps
  /// finds it beside the target, and ``settle(_:)`` puts it back.
  private func replaceInTwoSteps() throws {
    let old = target + Self.infix + "\(getpid())"
    try FileSystem.rename(target, old)
    do {
      try FileSystem.rename(temporary, target)
    } catch {
      try? FileSystem.rename(old, target)
      throw error
    }
    try FileSystem.rename(old, temporary)
  }
}
