public import Tensors

/// A whole file as a tensor's source, open only while it is read: a directory may have more files in it than a process
/// can hold open.
public final class ReopenedSource: TensorSource {
  private let path: String
  private let identity: FileIdentity

  /// Bytes in the file.
  public let byteCount: Int

  /// Looks at a file.
  ///
  /// - Parameter path: The file.
  /// - Throws: `StateError` as ``PositionalFile/open(_:)``.
  public init(_ path: String) throws {
    let file = try PositionalFile.open(path)
    self.path = path
    identity = try file.identity()
    byteCount = try file.size()
  }

  /// Reads a range from the file.
  ///
  /// - Throws: `StateError` with code `inputOutput` when another file has its name now.
  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    let file = try PositionalFile.open(path)
    guard try file.identity() == identity else {
      throw StateError(.inputOutput, "was replaced while it was being read", file: path)
    }
    try unsafe file.read(into: buffer, at: offset)
  }
}
