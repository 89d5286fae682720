/// A tensor with the bytes of each number in reverse order.
final class ByteSwappedView: TensorSource {
  private let base: Tensor
  private let unit: Int

  init(_ base: Tensor, unit: Int) {
    self.base = base
    self.unit = unit
  }

  var origins: [Tensor] { [base] }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    let start = offset / unit * unit
    let end = (offset + buffer.count + unit - 1) / unit * unit
    // A range that begins and ends with whole numbers is turned in place.
    if start == offset, end == offset + buffer.count {
      try unsafe base.read(into: buffer, at: offset)
      unsafe swap(buffer)
      return
    }
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: end - start, alignment: 16)
    defer { unsafe scratch.deallocate() }
    try unsafe base.read(into: scratch, at: start)
    unsafe swap(scratch)
    unsafe buffer.copyMemory(
      from: UnsafeRawBufferPointer(
        rebasing: scratch[offset - start..<offset - start + buffer.count]
      )
    )
  }

  private func swap(_ bytes: UnsafeMutableRawBufferPointer) {
    for number in stride(from: 0, to: bytes.count, by: unit) {
      for place in 0..<unit / 2 {
        unsafe bytes.swapAt(number + place, number + unit - 1 - place)
      }
    }
  }
}

extension Tensor {
  /// The tensor with the bytes of each number in reverse order, without moving data; both halves of a
  /// complex number are numbers of their own.
  ///
  /// - Returns: The view, or the tensor itself where a number is a byte.
  /// - Throws: ``StateError`` with code `unsupported` when elements have no fixed width.
  public func swappingBytes() throws -> Tensor {
    guard let width = elementType.byteWidth else {
      throw StateError(.unsupported, "a tensor of \(elementType.rawValue) has no fixed width")
    }
    let isComplex = elementType == .complex64 || elementType == .complex128
    let unit = isComplex ? width / 2 : width
    if unit == 1 { return self }
    return try Tensor(elementType, shape, source: ByteSwappedView(self, unit: unit))
  }
}
