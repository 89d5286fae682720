public import Tensors

/// A whole file as a tensor's source, open only while it is read: a directory may have more files in it than a process
/// can hold open.
public final class ReopenedSource: TensorSource {
  private let file: PositionalFile

  /// Bytes in the file.
  public let byteCount: Int

  /// Looks at a file.
  ///
  /// - Parameter path: The file.
  /// - Throws: `StateError` as ``PositionalFile/reopening(_:)``.
  public init(_ path: String) throws {
    file = try PositionalFile.reopening(path)
    byteCount = try file.size()
  }

  /// Reads a range from the file.
  ///
  /// - Throws: `StateError` with code `inputOutput` when another file has its name now.
  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    try unsafe file.read(into: buffer, at: offset)
  }
}
