#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
internal import CPlatform
internal import Tensors

/// The few questions about paths that reading and writing states asks.
public enum FileSystem {
  /// What stands at a path, symbolic links followed.
  public enum Kind: Sendable {
    /// A regular file.
    case file
    /// A directory.
    case directory
    /// A pipe, a device, a socket.
    case other
  }

  /// What stands at a path, `nil` when nothing does.
  ///
  /// - Parameter path: The path.
  /// - Returns: The kind, or `nil`.
  public static func kind(of path: String) -> Kind? {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    return switch status.st_mode & S_IFMT {
    case S_IFREG: .file
    case S_IFDIR: .directory
    default: .other
    }
  }

  /// Whether a directory on the way to a path may not be searched, so that nobody knows what stands there.
  ///
  /// - Parameter path: The path.
  /// - Returns: Whether the system says so.
  public static func isHidden(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) != 0 && errno == EACCES
  }

  /// Whether two paths lead to the same file or directory.
  ///
  /// - Parameters:
  ///   - first: A path.
  ///   - second: Another.
  /// - Returns: Whether both exist and are one.
  public static func isSame(_ first: String, _ second: String) -> Bool {
    guard let one = FileIdentity(first) else { return false }
    return one == FileIdentity(second)
  }

  /// Whether anything stands at a path, a symbolic link that leads nowhere included.
  static func isTaken(_ path: String) -> Bool {
    var status = stat()
    return unsafe lstat(path, &status) == 0
  }

  /// Names in a directory, sorted by their bytes.
  ///
  /// - Parameter path: The directory.
  /// - Returns: The names, without `.` and `..`.
  /// - Throws: `StateError` with code `inputOutput` or `notFound`.
  public static func names(in path: String) throws -> [String] {
    var stream: OpaquePointer?
    let status = Fault.status(.list, path) {
      unsafe stream = opendir(path)
      return unsafe stream == nil ? -1 : 0
    }
    guard status == 0, let directory = unsafe stream else {
      throw StateError.system(.inputOutput, "list", path)
    }
    defer { unsafe closedir(directory) }
    return unsafe names(of: directory).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The names in an open directory, in no order.
  static func names(of directory: OpaquePointer) -> [String] {
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        unsafe tuple.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  /// Creates a directory and those above it, where they are missing.
  ///
  /// - Parameter path: The directory.
  /// - Returns: Those that were missing, each after the one that it is in.
  /// - Throws: `StateError` with code `cannotCreate`; then none is left that was missing.
  @discardableResult
  public static func createDirectory(_ path: String) throws -> [String] {
    if kind(of: path) == .directory { return [] }
    let parent = directory(of: path)
    var made = parent == path ? [] : try createDirectory(parent)
    if Fault.status(.create, path, { unsafe mkdir(path, 0o777) }) == 0 {
      made.append(path)
    } else if errno != EEXIST || kind(of: path) != .directory {
      let error = StateError.system(.cannotCreate, "create the directory", path)
      removeEmpty(made)
      throw error
    }
    do {
      try syncDirectory(parent)
    } catch let error as StateError where error.code == .cannotCreate {
      // A parent that may not be read cannot be flushed; that is no reason to fail.
    } catch {
      removeEmpty(made)
      throw error
    }
    return made
  }

  /// Bytes that are free where a path is, or would be; `nil` where nobody knows.
  ///
  /// - Parameter path: The path of a file or directory, which need not exist.
  /// - Returns: The bytes, those that are kept for the administrator included.
  public static func room(at path: String) -> Int? {
    let parent = directory(of: path)
    var status = statvfs()
    guard unsafe statvfs(path, &status) == 0 || statvfs(parent, &status) == 0 else {
      return parent == path || parent == "." ? nil : room(at: parent)
    }
    let (bytes, overflow) = UInt64(status.f_bfree).multipliedReportingOverflow(
      by: UInt64(status.f_frsize)
    )
    return status.f_blocks == 0 || overflow ? nil : Int(clamping: bytes)
  }

  /// Removes directories, each after the one that it is in, as far as nothing is in them.
  static func removeEmpty(_ directories: [String]) {
    for path in directories.reversed() { unsafe rmdir(path) }
  }

  /// Removes a file; that it is missing is no error.
  ///
  /// - Parameter path: The file.
  /// - Throws: `StateError` with code `cannotCreate`.
  public static func remove(_ path: String) throws {
    guard Fault.status(.remove, path, { unsafe unlink(path) }) == 0 || errno == ENOENT else {
      throw StateError.system(.cannotCreate, "remove", path)
    }
  }

  /// Gives what stands at a path another name, in place of what had it.
  static func rename(_ path: String, _ target: String) throws {
    guard Fault.status(.rename, target, { Platform.rename(path, target) }) == 0 else {
      throw StateError.system(.cannotCreate, "rename what is finished to", target)
    }
  }

  /// Gives each of two paths what stands at the other, in one step; tells whether the file system can.
  static func exchange(_ path: String, _ target: String) throws -> Bool {
    if Fault.status(.exchange, target, { unsafe optstate_exchange(path, target) }) == 0 {
      return true
    }
    if [EINVAL, ENOSYS, ENOTSUP].contains(errno) { return false }
    throw StateError.system(.cannotCreate, "replace", target)
  }

  /// Waits until the names in a directory are on the disk.
  ///
  /// - Parameter path: The directory.
  /// - Throws: `StateError` with code `inputOutput`.
  public static func syncDirectory(_ path: String) throws {
    let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    // Directories of outputs: that one has vanished does not mean that there is no such input.
    guard descriptor >= 0 else { throw StateError.system(.cannotCreate, "flush", path) }
    defer { close(descriptor) }
    while Fault.status(.sync, path, { fsync(descriptor) }) != 0 {
      // Some file systems cannot flush a directory; then there is nothing to wait for.
      if errno == EINVAL { return }
      if errno != EINTR { throw StateError.system(.inputOutput, "flush", path) }
    }
  }

  /// The directory part of a path, `.` when it has none.
  ///
  /// - Parameter path: The path.
  /// - Returns: The part before the last slash.
  public static func directory(of path: String) -> String {
    let trimmed = withoutTrailingSlashes(path)
    guard let slash = lastSlash(of: trimmed) else { return "." }
    return slash == trimmed.startIndex ? "/" : withoutTrailingSlashes(String(trimmed[..<slash]))
  }

  /// The last part of a path.
  ///
  /// - Parameter path: The path.
  /// - Returns: The part behind the last slash.
  public static func name(of path: String) -> String {
    let trimmed = withoutTrailingSlashes(path)
    return lastSlash(of: trimmed).map { String(trimmed[trimmed.utf8.index(after: $0)...]) }
      ?? trimmed
  }

  /// A name placed in a directory, unless it is absolute.
  ///
  /// - Parameters:
  ///   - directory: The directory.
  ///   - name: A name or a path.
  /// - Returns: The joined path.
  public static func path(_ directory: String, _ name: String) -> String {
    if name.utf8.first == slash { return name }
    return directory == "."
      ? name : directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
  }

  // Paths are bytes: to a string, a slash before a combining mark would be another character.
  private static let slash = UInt8(ascii: "/")

  private static func lastSlash(of path: String) -> String.Index? {
    path.utf8.lastIndex(of: slash)
  }

  private static func withoutTrailingSlashes(_ path: String) -> String {
    var rest = path.utf8[...]
    while rest.count > 1, rest.last == slash { rest.removeLast() }
    return String(Substring(rest))
  }
}

/// `rename` under a name that does not collide with ``FileSystem/rename(_:_:)``.
private enum Platform {
  static func rename(_ path: String, _ target: String) -> Int32 {
    #if canImport(Glibc)
    unsafe Glibc.rename(path, target)
    #else
    unsafe Darwin.rename(path, target)
    #endif
  }
}
