/// A handle on a tensor: its type, its shape, and a source that delivers any byte range of it.
///
/// Making, copying and viewing handles moves no data.
public struct Tensor: Sendable {
  /// Type of the elements.
  public let elementType: ElementType

  /// Elements along each axis, row-major.
  public let shape: Shape

  /// Bytes of the data: elements times width, or the length of the encoding for ``ElementType/string``
  /// and ``ElementType/variant``.
  public let byteCount: Int

  /// CRC-32C of the bytes as the file recorded it, `nil` where it recorded none.
  public let checksum: UInt32?

  /// What delivers the bytes.
  public let source: any TensorSource

  /// A handle on elements of fixed width.
  ///
  /// - Parameters:
  ///   - elementType: Type of the elements.
  ///   - shape: Elements along each axis.
  ///   - checksum: CRC-32C of the bytes where it is on record.
  ///   - source: What delivers the bytes.
  /// - Throws: ``StateError`` when the type has no fixed width or the byte count overflows.
  public init(
    _ elementType: ElementType,
    _ shape: Shape,
    checksum: UInt32? = nil,
    source: any TensorSource
  ) throws {
    self.init(
      elementType,
      shape,
      byteCount: try shape.byteCount(of: elementType),
      checksum: checksum,
      source: source
    )
  }

  /// A handle on data whose length does not follow from its shape.
  ///
  /// - Parameters:
  ///   - elementType: Type of the elements.
  ///   - shape: Elements along each axis.
  ///   - byteCount: Bytes of the data.
  ///   - checksum: CRC-32C of the bytes where it is on record.
  ///   - source: What delivers the bytes.
  public init(
    _ elementType: ElementType,
    _ shape: Shape,
    byteCount: Int,
    checksum: UInt32? = nil,
    source: any TensorSource
  ) {
    self.elementType = elementType
    self.shape = shape
    self.byteCount = byteCount
    self.checksum = checksum
    self.source = source
  }

  /// Fills a buffer with a range of the tensor's bytes.
  ///
  /// - Parameters:
  ///   - buffer: The memory to fill.
  ///   - offset: Where in the tensor the range begins.
  /// - Throws: ``StateError`` with code `invalidArgument` when the range leaves the tensor, or what
  ///   the source throws.
  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    guard offset >= 0, offset <= byteCount, buffer.count <= byteCount - offset else {
      throw StateError(
        .invalidArgument,
        "bytes \(offset) to \(offset) + \(buffer.count) of a tensor of \(byteCount)"
      )
    }
    if buffer.count > 0 { try unsafe source.read(into: buffer, at: offset) }
  }

  /// All bytes of a tensor that is known to be small.
  ///
  /// - Parameter limit: Bytes that the caller is prepared to hold, by default ``Limits/Name/stringBytes``.
  /// - Returns: The bytes.
  /// - Throws: ``StateError`` with code `limitExceeded` when there are more.
  public func bytes(limit: Int? = nil) throws -> [UInt8] {
    guard byteCount <= limit ?? Limits[.stringBytes] else {
      let message = "the tensor is too large to be held as a whole"
      guard let limit else { throw StateError.exceeded(.stringBytes, message, found: byteCount) }
      throw StateError(
        .limitExceeded,
        message,
        expected: "at most \(limit)",
        found: "\(byteCount)"
      )
    }
    var result = [UInt8](repeating: 0, count: byteCount)
    try unsafe result.withUnsafeMutableBytes { try unsafe read(into: $0, at: 0) }
    return result
  }
}
