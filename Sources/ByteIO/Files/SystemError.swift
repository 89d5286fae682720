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
  ///   - code: Its family; `notFound` replaces it where the file does not exist.
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
    let isMissing = number == ENOENT && code == .inputOutput
    return StateError(
      isMissing ? .notFound : code,
      "cannot \(action): \(reason)",
      file: path,
      offset: offset
    )
  }
}
