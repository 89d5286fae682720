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

  /// Held while files are made and while finished ones get their names.
  private static let naming = RecursiveLock()

  /// Seconds after which a file of another machine or container counts as left behind.
  private static let patience = 24 * 60 * 60

  /// Where process numbers mean what they mean here: the machine since it was started, and the container on it.
  ///
  /// Containers that share a directory do not see each other's processes, and machines may share a name.
  package static let origin: String = {
    var host = [CChar](repeating: 0, count: 256)
    _ = unsafe gethostname(&host, 255)
    var container = [CChar](repeating: 0, count: 256)
    #if canImport(Glibc)
    _ = unsafe readlink("/proc/self/ns/pid", &container, 255)
    #endif
    let words = (host + container).map { UInt8(bitPattern: $0) } + start
    return String(CRC32C.of(words).value, radix: 16)
  }()

  /// What the kernel calls this start of the machine.
  private static var start: [UInt8] {
    var name = [UInt8](repeating: 0, count: 36)
    let descriptor = unsafe open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    _ = unsafe read(descriptor, &name, name.count)
    return name
  }

  /// A fresh name beside a target: hidden, recognizable, carrying this process' number.
  static func reserve(beside target: String) -> String {
    let number = serial.add(1, ordering: .relaxed).newValue
    // The target's name may already be as many bytes as the file system allows.
    let name = String(decoding: FileSystem.name(of: target).utf8.prefix(100), as: UTF8.self)
    let path = FileSystem.path(
      FileSystem.directory(of: target),
      ".\(name).\(origin).\(getpid()).\(number)\(suffix)"
    )
    live.withLock { _ = $0.insert(path) }
    return path
  }

  /// Forgets a temporary file that has been renamed or removed.
  static func release(_ path: String) {
    live.withLock { _ = $0.remove(path) }
  }

  /// Runs a body that ``removeAll(andThen:)`` waits for; one such body may run another.
  package static func uninterrupted<Result>(_ body: () throws -> Result) rethrows -> Result {
    try naming.holding(body)
  }

  /// Removes what this process has not finished; for a program that a signal ends.
  ///
  /// Files that are just getting their names all get them first, which takes a moment. None is made
  /// until the body is done.
  ///
  /// - Parameter body: What ends the program.
  public static func removeAll(andThen body: () -> Void = {}) {
    naming.holding {
      let paths = live.withLock { $0 }
      for path in paths { FileSystem.removeTree(path) }
      body()
    }
  }

  /// Removes what processes of this user that no longer run have left in a directory.
  ///
  /// - Parameters:
  ///   - directory: The directory.
  ///   - now: Seconds since 1970.
  static func removeStale(in directory: String, now: Int = time(nil)) {
    guard let names = try? FileSystem.names(in: directory) else { return }
    for name in names where name.hasPrefix(".") && name.hasSuffix(suffix) {
      let parts = name.dropLast(suffix.count).split(separator: ".")
      guard parts.count >= 4, let process = Int32(parts[parts.count - 2]), process > 0,
        Int(parts[parts.count - 1]) != nil
      else { continue }
      let path = FileSystem.path(directory, name)
      // In a directory that all may write to, the name says nothing.
      guard FileSystem.isOwn(path) else { continue }
      if parts[parts.count - 3] == origin {
        guard kill(process, 0) != 0, errno == ESRCH else { continue }
      } else {
        guard let changed = lastChange(of: path), now - changed > patience else { continue }
      }
      FileSystem.removeTree(path)
    }
  }

  /// When a file got its bytes or its name: an old file that is put aside for the moment of a commit changes then.
  private static func lastChange(of path: String) -> Int? {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return nil }
    #if canImport(Glibc)
    return status.st_ctim.tv_sec
    #else
    return status.st_ctimespec.tv_sec
    #endif
  }
}
