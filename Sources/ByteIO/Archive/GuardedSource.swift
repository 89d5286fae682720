public import Tensors

/// Bytes that lie within something larger which has a sum: what vouches for them is the whole.
public final class GuardedSource: TensorSource {
  private let part: any TensorSource
  private let whole: Tensor

  /// Combines a part and what it lies in.
  ///
  /// - Parameters:
  ///   - part: What delivers the bytes.
  ///   - whole: What is verified before the bytes are copied.
  public init(_ part: any TensorSource, in whole: Tensor) {
    self.part = part
    self.whole = whole
  }

  /// What vouches for the bytes.
  public var origins: [Tensor] { [whole] }

  /// Reads a range of the part.
  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    try unsafe part.read(into: buffer, at: offset)
  }
}
