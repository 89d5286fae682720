public import Tensors

/// A range of a file as a tensor's source.
public final class FileSource: TensorSource {
  private let file: PositionalFile
  private let start: Int

  /// Keeps the place of a tensor's bytes.
  ///
  /// - Parameters:
  ///   - file: The file, already checked to be long enough.
  ///   - start: Absolute offset of the first byte.
  public init(_ file: PositionalFile, at start: Int) {
    self.file = file
    self.start = start
  }

  /// Reads a range from the file.
  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    try unsafe file.read(into: buffer, at: start + offset)
  }
}
