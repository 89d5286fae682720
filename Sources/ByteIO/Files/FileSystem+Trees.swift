#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
internal import Tensors

extension FileSystem {
  /// Directories inside directories that a walk follows.
  private static let depthLimit = 32

  /// The regular files below a directory, by their paths relative to it, sorted.
  ///
  /// A symbolic link counts as what it leads to as long as that lies below the directory as well.
  ///
  /// - Parameter directory: The directory.
  /// - Returns: The relative paths.
  /// - Throws: `StateError` with code `unsupported` when a link leads elsewhere or something is neither
  ///   file nor directory, `limitExceeded` when there are too many, or what listing throws.
  public static func files(below directory: String) throws -> [String] {
    guard let root = resolved(directory) else {
      throw StateError.system(.inputOutput, "open", directory)
    }
    var found: [String] = []
    try walk(directory, "", root, 0, &found)
    return found
  }

  private static func walk(
    _ directory: String,
    _ prefix: String,
    _ root: String,
    _ depth: Int,
    _ found: inout [String]
  ) throws {
    for name in try names(in: directory) {
      let path = path(directory, name)
      guard let real = resolved(path), real.utf8.starts(with: "\(root)/".utf8) else {
        throw StateError(
          .unsupported,
          "a link leads out of the directory",
          file: path,
          remedy: "copy the directory with its links followed, as cp -rL does"
        )
      }
      switch kind(of: path) {
      case .file: found.append(prefix + name)
      case .directory where depth < depthLimit && !isLink(path):
        try walk(path, "\(prefix)\(name)/", root, depth + 1, &found)
      default:
        throw StateError(.unsupported, "is neither file nor directory", file: path)
      }
      guard found.count <= Limits[.files] else {
        throw StateError.exceeded(.files, "the directory has too many files", file: directory)
      }
    }
  }

  /// A path without links and dots, `nil` where nothing is there.
  static func resolved(_ path: String) -> String? {
    guard let real = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(real) }
    return unsafe String(cString: real)
  }

  /// Whether a path is a link to an open descriptor, as `/dev/stdout` is: wherever that leads, the link itself must
  /// stay.
  static func isDescriptor(_ path: String) -> Bool {
    var target = [CChar](repeating: 0, count: 64)
    let count = unsafe readlink(path, &target, target.count)
    let text = target.prefix(max(0, count)).map { UInt8(bitPattern: $0) }
    return text.starts(with: "/proc/self/fd/".utf8)
  }

  private static func isLink(_ path: String) -> Bool {
    var status = stat()
    return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
  }

  /// Whether what stands at a path, not followed, belongs to this process' user.
  static func isOwn(_ path: String) -> Bool {
    var status = stat()
    return unsafe lstat(path, &status) == 0 && status.st_uid == geteuid()
  }

  /// Removes a file, or a directory of ours with everything in it; links are removed, not followed.
  ///
  /// A directory is walked through by its descriptor: whoever renames it meanwhile and puts a link in its place
  /// leads the walk nowhere else.
  static func removeTree(_ path: String) {
    removeTree(path, in: AT_FDCWD, 0)
  }

  private static func removeTree(_ name: String, in directory: Int32, _ depth: Int) {
    if unsafe unlinkat(directory, name, 0) == 0 { return }
    let descriptor = unsafe openat(
      directory,
      name,
      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    )
    guard descriptor >= 0 else { return }
    guard depth < depthLimit, let stream = unsafe fdopendir(descriptor) else {
      close(descriptor)
      return
    }
    for name in unsafe names(of: stream) { removeTree(name, in: descriptor, depth + 1) }
    unsafe closedir(stream)
    unsafe unlinkat(directory, name, AT_REMOVEDIR)
  }
}
