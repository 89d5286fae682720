/// A tensor with its elements in another numeric type.
final class CastView: TensorSource {
  private let base: Tensor
  private let type: ElementType
  private let fromWidth: Int
  private let toWidth: Int

  init(_ base: Tensor, to type: ElementType, fromWidth: Int, toWidth: Int) {
    self.base = base
    self.type = type
    self.fromWidth = fromWidth
    self.toWidth = toWidth
  }

  var origins: [Tensor] { [base] }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    // A range may begin or end inside an element, so whole elements go through scratch memory.
    let batch = 4096
    let first = offset / toWidth
    let last = (offset + buffer.count + toWidth - 1) / toWidth
    let raw = UnsafeMutableRawBufferPointer.allocate(
      byteCount: batch * (fromWidth + toWidth),
      alignment: 16
    )
    let numbers = UnsafeMutableBufferPointer<Double>.allocate(capacity: batch)
    defer {
      unsafe raw.deallocate()
      unsafe numbers.deallocate()
    }
    for start in stride(from: first, to: last, by: batch) {
      let count = min(batch, last - start)
      let input = unsafe UnsafeMutableRawBufferPointer(rebasing: raw[..<(count * fromWidth)])
      let output = unsafe UnsafeMutableRawBufferPointer(
        rebasing: raw[batch * fromWidth..<batch * fromWidth + count * toWidth]
      )
      let part = unsafe UnsafeMutableBufferPointer(rebasing: numbers[..<count])
      try unsafe base.read(into: input, at: start * fromWidth)
      try unsafe ElementConversion.toDouble(UnsafeRawBufferPointer(input), base.elementType, part)
      try unsafe ElementConversion.fromDouble(UnsafeBufferPointer(part), type, output)
      let from = max(start * toWidth, offset)
      let to = min((start + count) * toWidth, offset + buffer.count)
      unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[from - offset..<to - offset])
        .copyMemory(
          from: UnsafeRawBufferPointer(
            rebasing: output[from - start * toWidth..<to - start * toWidth]
          )
        )
    }
  }
}

extension Tensor {
  /// The tensor with its elements rounded to another type, without moving data.
  ///
  /// The way leads through `Double`, which holds every type but 64-bit integers exactly.
  ///
  /// - Parameter type: The type to round to.
  /// - Returns: The view.
  /// - Throws: ``StateError`` with code `unsupported` when either type is no number.
  public func cast(to type: ElementType) throws -> Tensor {
    if type == elementType { return self }
    guard elementType.isNumeric, type.isNumeric, let from = elementType.byteWidth,
      let to = type.byteWidth
    else {
      throw StateError(
        .unsupported,
        "a tensor of \(elementType.rawValue) cannot become \(type.rawValue)"
      )
    }
    let view = CastView(self, to: type, fromWidth: from, toWidth: to)
    return try Tensor(type, shape, source: view)
  }
}
