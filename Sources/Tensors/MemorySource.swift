/// Bytes in memory as a tensor's source.
public final class MemorySource: TensorSource {
  private let bytes: [UInt8]

  /// Keeps the bytes.
  ///
  /// - Parameter bytes: The tensor's little-endian, row-major bytes.
  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Copies a range of the bytes.
  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    unsafe bytes.withUnsafeBytes { all in
      unsafe buffer.copyMemory(
        from: UnsafeRawBufferPointer(rebasing: all[offset..<offset + buffer.count])
      )
    }
  }
}

extension Tensor {
  /// A tensor of bytes in memory.
  ///
  /// - Parameters:
  ///   - elementType: Type of the elements.
  ///   - shape: Elements along each axis.
  ///   - bytes: Little-endian, row-major.
  /// - Throws: ``StateError`` with code `invalidArgument` when the byte count does not fit the shape.
  public init(_ elementType: ElementType, _ shape: Shape, bytes: [UInt8]) throws {
    if elementType.byteWidth != nil {
      let expected = try shape.byteCount(of: elementType)
      guard expected == bytes.count else {
        throw StateError(
          .invalidArgument,
          "\(elementType.rawValue)\(shape) given as bytes",
          expected: "\(expected)",
          found: "\(bytes.count)"
        )
      }
    }
    self.init(elementType, shape, byteCount: bytes.count, source: MemorySource(bytes))
  }

  /// A scalar of 64-bit integer type, as every framework counts steps.
  ///
  /// - Parameter value: The count.
  /// - Returns: The tensor.
  public static func scalar(_ value: Int64) -> Tensor {
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    return Tensor(.int64, .scalar, byteCount: 8, source: MemorySource(bytes))
  }
}
