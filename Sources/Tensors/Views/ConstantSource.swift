/// A tensor all of whose elements are the same, which takes no memory.
final class ConstantSource: TensorSource {
  private let element: [UInt8]
  private let isZero: Bool

  init(_ element: [UInt8]) {
    self.element = element
    isZero = element.allSatisfy { $0 == 0 }
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    if isZero {
      _ = unsafe buffer.initializeMemory(as: UInt8.self, repeating: 0)
      return
    }
    for index in 0..<buffer.count {
      unsafe buffer[index] = element[(offset + index) % element.count]
    }
  }
}

extension Tensor {
  /// A tensor all of whose elements are one number.
  ///
  /// - Parameters:
  ///   - number: The number, rounded to the element type.
  ///   - elementType: Type of the elements.
  ///   - shape: Elements along each axis.
  /// - Returns: The tensor.
  /// - Throws: ``StateError`` with code `unsupported` when the type is no number and the number is not
  ///   zero, `malformed` when an integer type cannot hold it.
  public static func constant(
    _ number: Double,
    _ elementType: ElementType,
    _ shape: Shape
  ) throws -> Tensor {
    guard let width = elementType.byteWidth else {
      throw StateError(.unsupported, "elements of type \(elementType.rawValue) have no constant")
    }
    var element = [UInt8](repeating: 0, count: width)
    // Zero is all bits zero in every type, minus zero is not.
    if number.bitPattern != 0 {
      try unsafe [number].withUnsafeBufferPointer { numbers in
        try unsafe element.withUnsafeMutableBytes { bytes in
          try unsafe ElementConversion.fromDouble(numbers, elementType, bytes)
        }
      }
    }
    return try Tensor(elementType, shape, source: ConstantSource(element))
  }
}
