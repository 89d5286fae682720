#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
internal import Tensors

/// Keeps other processes, and other threads, from renaming files in a directory at the same time.
///
/// Two writers of one checkpoint take turns, so that its files are all from one of them. Where a file
/// system has no locks, nothing is waited for.
public final class DirectoryLock {
  private let descriptor: Int32

  /// Waits for the directory.
  ///
  /// A commit holds it for the moment of some renames. Whoever holds it longer is no writer of ours, and may be
  /// waiting for this process.
  ///
  /// - Parameters:
  ///   - path: The directory.
  ///   - patience: Seconds to wait at most.
  /// - Throws: `StateError` with code `cannotCreate` when it cannot be opened, or somebody else keeps it.
  public init(_ path: String, patience: Int = 30) throws {
    descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw StateError.system(.cannotCreate, "open the directory", path)
    }
    let deadline = ContinuousClock.now + .seconds(patience)
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      if errno == EINTR { continue }
      guard errno == EWOULDBLOCK else { return }
      guard ContinuousClock.now < deadline else {
        throw StateError(
          .cannotCreate,
          "another process has locked the directory for more than \(patience) seconds",
          file: path,
          remedy: "find out which one, as with fuser or lsof"
        )
      }
      usleep(2000)
    }
  }

  deinit { close(descriptor) }
}
