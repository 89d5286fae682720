#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
internal import Tensors

/// A directory of files that appears complete, or not at all.
///
/// It is made under a temporary name beside its target. ``commit()`` flushes all files and renames the
/// directory. One that is dropped uncommitted is removed.
public final class OutputDirectory {
  private let target: String
  private let temporary: String
  private let overwrite: Bool
  private var files: [PositionalFile] = []
  private var directories: Set<String>

  /// Begins an empty directory.
  ///
  /// - Parameters:
  ///   - target: The path that it will have.
  ///   - overwrite: Whether an existing directory may be replaced.
  /// - Throws: `StateError` with code `exists` when the target exists and may not be replaced,
  ///   `cannotCreate` when it is no directory or the new one cannot be made.
  public init(_ target: String, overwrite: Bool) throws {
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
    case .file, .other: throw StateError(.cannotCreate, "is no directory", file: target)
    }
    let parent = FileSystem.directory(of: target)
    try FileSystem.createDirectory(parent)
    TemporaryFiles.removeStale(in: parent)
    self.target = target
    self.overwrite = overwrite
    temporary = TemporaryFiles.reserve(beside: target)
    directories = [temporary]
    try FileSystem.createDirectory(temporary)
  }

  deinit {
    FileSystem.removeTree(temporary)
    TemporaryFiles.release(temporary)
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
    if directories.insert(parent).inserted { try FileSystem.createDirectory(parent) }
    let file = try PositionalFile.create(path)
    files.append(file)
    return file
  }

  /// Makes the directory appear under its name.
  ///
  /// - Throws: `StateError` with code `inputOutput` when flushing fails, `cannotCreate` when renaming
  ///   does.
  public func commit() throws {
    for file in files { try file.sync() }
    for directory in directories { try FileSystem.syncDirectory(directory) }
    // A directory is only replaced by a rename when it is empty, so an old one steps aside.
    let old = TemporaryFiles.reserve(beside: target)
    defer { TemporaryFiles.release(old) }
    let hasOld = overwrite && FileSystem.kind(of: target) == .directory
    if hasOld, unsafe rename(target, old) != 0 {
      throw StateError.system(.cannotCreate, "replace", target)
    }
    guard unsafe rename(temporary, target) == 0 else {
      let error = StateError.system(.cannotCreate, "rename the finished directory to", target)
      if hasOld { _ = unsafe rename(old, target) }
      throw error
    }
    if hasOld { FileSystem.removeTree(old) }
    try FileSystem.syncDirectory(FileSystem.directory(of: target))
  }
}
