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
  /// - Parameter path: The directory.
  /// - Throws: `StateError` with code `cannotCreate` when it cannot be opened.
  public init(_ path: String) throws {
    descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw StateError.system(.cannotCreate, "open the directory", path)
    }
    while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
  }

  deinit { close(descriptor) }
}
