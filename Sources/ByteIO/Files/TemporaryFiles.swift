#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
internal import Synchronization

/// The temporary files of this process, so that a signal handler can remove them, and those that
/// killed processes left behind.
public enum TemporaryFiles {
  private static let suffix = ".optstate-partial"
  private static let live = Mutex<Set<String>>([])
  private static let serial = Atomic<Int>(0)

  /// A fresh name beside a target: hidden, recognizable, carrying this process' number.
  static func reserve(beside target: String) -> String {
    let number = serial.add(1, ordering: .relaxed).newValue
    // The target's name may already be as many bytes as the file system allows.
    let name = String(decoding: FileSystem.name(of: target).utf8.prefix(100), as: UTF8.self)
    let path = FileSystem.path(
      FileSystem.directory(of: target),
      ".\(name).\(getpid()).\(number)\(suffix)"
    )
    live.withLock { _ = $0.insert(path) }
    return path
  }

  /// Forgets a temporary file that has been renamed or removed.
  static func release(_ path: String) {
    live.withLock { _ = $0.remove(path) }
  }

  /// Removes what this process has not finished; for a program that a signal ends.
  public static func removeAll() {
    let paths = live.withLock { $0 }
    for path in paths { FileSystem.removeTree(path) }
  }

  /// Removes what processes that no longer run have left in a directory.
  static func removeStale(in directory: String) {
    guard let names = try? FileSystem.names(in: directory) else { return }
    for name in names where name.hasPrefix(".") && name.hasSuffix(suffix) {
      let parts = name.dropLast(suffix.count).split(separator: ".")
      guard parts.count >= 3, let process = Int32(parts[parts.count - 2]), process > 0,
        kill(process, 0) != 0, errno == ESRCH
      else { continue }
      FileSystem.removeTree(FileSystem.path(directory, name))
    }
  }
}
