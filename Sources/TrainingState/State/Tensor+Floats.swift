internal import ByteIO
public import Tensors

extension Tensor {
  /// A tensor of `float32` numbers in memory.
  ///
  /// - Parameters:
  ///   - numbers: The elements, row-major.
  ///   - shape: Elements along each axis.
  /// - Throws: `StateError` with code `invalidArgument` when there are more or fewer numbers than the shape has
  ///   elements.
  /// - Complexity: O(elements).
  public init(_ numbers: [Float], shape: [Int]) throws {
    let bytes = unsafe numbers.withUnsafeBytes { unsafe [UInt8]($0) }
    try self.init(.float32, Shape(shape), bytes: bytes)
  }

  /// All elements as `float32`, row-major, compared with the checksum on record where there is one.
  ///
  /// Numbers of the types `float16` and `bfloat16` are exact, others are rounded to the nearest.
  ///
  /// - Returns: As many numbers as the shape has elements.
  /// - Throws: `StateError` with code `unsupported` when the type is no number, `checksumMismatch` when the bytes are
  ///   damaged, or what the source throws.
  /// - Complexity: O(elements) time, and memory for all of them.
  public func floats() throws -> [Float] {
    let bytes = try bytes(limit: byteCount)
    return try unsafe bytes.withUnsafeBytes { all in
      var sum = CRC32C()
      unsafe sum.add(all)
      try TensorPass.check(NamedTensor("", self), sum)
      if elementType == .float32 {
        return (0..<shape.elementCount).map {
          unsafe all.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self)
        }
      }
      var numbers = [Double](repeating: 0, count: shape.elementCount)
      try unsafe numbers.withUnsafeMutableBufferPointer {
        try unsafe ElementConversion.toDouble(all, elementType, $0)
      }
      return numbers.map { Float($0) }
    }
  }
}
