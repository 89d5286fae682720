#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
internal import Tensors

extension StateError {
  /// The error of a system call that just failed, with the system's own wording.
  ///
  /// - Parameters:
  ///   - code: Its family. Where a file is to be read, `notFound` replaces it if there is none, and `malformed` if no file can
  ///     have such a name: whoever runs the program is told at once, so that it is the content of another file that says it.
  ///   - action: What was attempted, such as `read`.
  ///   - path: The file concerned.
  ///   - offset: Byte offset in the file.
  /// - Returns: The error.
  static func system(
    _ code: Code,
    _ action: String,
    _ path: String,
    at offset: Int? = nil
  ) -> StateError {
    let number = errno
    let reason = unsafe String(cString: strerror(number))
    let found: Code? =
      switch number {
      case ENOENT, ENOTDIR: .notFound
      case ENAMETOOLONG: .malformed
      default: nil
      }
    return StateError(
      code == .inputOutput ? found ?? code : code,
      "cannot \(action): \(reason)",
      file: path,
      offset: offset
    )
  }
}
