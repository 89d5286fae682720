extension Tensor {
  /// The same elements in another shape of as many, without moving data.
  ///
  /// - Parameter shape: The other shape.
  /// - Returns: The tensor, its checksum kept.
  /// - Throws: ``StateError`` with code `malformed` when the shape has another number of elements.
  public func reshaped(_ shape: Shape) throws -> Tensor {
    if shape == self.shape { return self }
    guard shape.elementCount == self.shape.elementCount else {
      throw StateError(.malformed, "\(self.shape) cannot become \(shape)")
    }
    return Tensor(elementType, shape, byteCount: byteCount, checksum: checksum, source: source)
  }
}
