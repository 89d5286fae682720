package import Tensors

extension PositionalFile {
  /// All bytes of a file that has to be in memory as a whole.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - limit: The bound on its size.
  ///   - subject: What messages call it, such as `the index`.
  /// - Returns: The bytes.
  /// - Throws: `StateError` with code `limitExceeded`, or what opening and reading throw.
  package static func contents(
    of path: String,
    within limit: Limits.Name,
    _ subject: String
  ) throws -> [UInt8] {
    let file = try open(path)
    let size = try file.size()
    guard size <= Limits[limit] else {
      throw StateError.exceeded(limit, "\(subject) is too large", file: path, found: size)
    }
    return try file.bytes(at: 0, count: size)
  }
}
