/// A tensor whose elements are computed from the elements of others at the same place.
///
/// Every element becomes a `Double`, is computed with, and is rounded once.
final class ElementwiseView: TensorSource {
  /// What is computed.
  enum Operation {
    /// The one base divided by a number.
    case quotient(Double)
    /// The one base multiplied by a number.
    case product(Double)
    /// The mean of all bases, summed in their order.
    case mean
  }

  private static let batch = 4096

  private let bases: [Tensor]
  private let width: Int
  private let operation: Operation

  init(_ bases: [Tensor], width: Int, operation: Operation) {
    self.bases = bases
    self.width = width
    self.operation = operation
  }

  var origins: [Tensor] { bases }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    if bases.count == 1, bases[0].elementType == .float32, offset % 4 == 0, buffer.count % 4 == 0 {
      try unsafe bases[0].read(into: buffer, at: offset)
      unsafe scale(buffer)
      return
    }
    try unsafe readByBatches(into: buffer, at: offset)
  }

  /// The common case, in place: `float32` becomes `Double`, is computed with and rounded once.
  private func scale(_ buffer: UnsafeMutableRawBufferPointer) {
    guard let base = buffer.baseAddress else { return }
    let count = buffer.count / 4
    func each(_ operation: (SIMD8<Double>) -> SIMD8<Double>) {
      var index = 0
      while index + 8 <= count {
        let place = unsafe base + 4 * index
        let old = unsafe place.loadUnaligned(as: SIMD8<Float>.self)
        let new = SIMD8<Float>(operation(SIMD8<Double>(old)))
        unsafe place.storeBytes(of: new, as: SIMD8<Float>.self)
        index += 8
      }
      while index < count {
        let place = unsafe base + 4 * index
        let old = unsafe place.loadUnaligned(as: Float.self)
        let new = Float(operation(SIMD8<Double>(repeating: Double(old)))[0])
        unsafe place.storeBytes(of: new, as: Float.self)
        index += 1
      }
    }
    switch operation {
    case .quotient(let divisor): each { $0 / divisor }
    case .product(let factor): each { $0 * factor }
    case .mean: break
    }
  }

  private func readByBatches(
    into buffer: UnsafeMutableRawBufferPointer,
    at offset: Int
  ) throws {
    // A range may begin or end inside an element, so whole elements go through scratch memory.
    let first = offset / width
    let last = (offset + buffer.count + width - 1) / width
    let raw = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Self.batch * width,
      alignment: 16
    )
    let numbers = UnsafeMutableBufferPointer<Double>.allocate(capacity: Self.batch * bases.count)
    defer {
      unsafe raw.deallocate()
      unsafe numbers.deallocate()
    }
    for start in stride(from: first, to: last, by: Self.batch) {
      let count = min(Self.batch, last - start)
      let bytes = unsafe UnsafeMutableRawBufferPointer(rebasing: raw[..<(count * width)])
      for (index, base) in bases.enumerated() {
        let part = unsafe UnsafeMutableBufferPointer(
          rebasing: numbers[index * count..<(index + 1) * count]
        )
        try unsafe base.read(into: bytes, at: start * width)
        try unsafe ElementConversion.toDouble(UnsafeRawBufferPointer(bytes), base.elementType, part)
      }
      unsafe compute(numbers, count)
      let results = unsafe UnsafeBufferPointer(rebasing: numbers[..<count])
      try unsafe ElementConversion.fromDouble(results, bases[0].elementType, bytes)
      let from = max(start * width, offset)
      let to = min((start + count) * width, offset + buffer.count)
      unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[from - offset..<to - offset])
        .copyMemory(
          from: UnsafeRawBufferPointer(rebasing: bytes[from - start * width..<to - start * width])
        )
    }
  }

  /// Computes with `count` numbers of each base, one base after another; the results go to the first.
  private func compute(_ numbers: UnsafeMutableBufferPointer<Double>, _ count: Int) {
    switch operation {
    case .quotient(let divisor):
      for index in 0..<count { unsafe numbers[index] = unsafe numbers[index] / divisor }
    case .product(let factor):
      for index in 0..<count { unsafe numbers[index] = unsafe numbers[index] * factor }
    case .mean:
      for index in 0..<count {
        var sum = unsafe numbers[index]
        for base in 1..<max(bases.count, 1) { sum += unsafe numbers[base * count + index] }
        unsafe numbers[index] = sum / Double(bases.count)
      }
    }
  }
}

extension Tensor {
  /// The tensor with every element divided by a number, without moving data.
  ///
  /// The quotient is formed in `Double` and rounded once to the element type.
  ///
  /// - Parameter divisor: The number.
  /// - Returns: The view.
  /// - Throws: ``StateError`` with code `unsupported` when the elements are no floating-point numbers.
  public func divided(by divisor: Double) throws -> Tensor {
    try elementwise(.quotient(divisor))
  }

  /// The tensor with every element multiplied by a number, without moving data.
  ///
  /// The product is formed in `Double` and rounded once to the element type.
  ///
  /// - Parameter factor: The number.
  /// - Returns: The view.
  /// - Throws: ``StateError`` with code `unsupported` when the elements are no floating-point numbers.
  public func multiplied(by factor: Double) throws -> Tensor {
    try elementwise(.product(factor))
  }

  /// The mean of tensors, element by element, without moving data.
  ///
  /// The sum is formed in `Double`, in the order of the tensors, and the mean rounded once.
  ///
  /// - Parameter tensors: At least one tensor, all of one type and shape.
  /// - Returns: The view.
  /// - Throws: ``StateError`` with code `unsupported` when the elements are no floating-point numbers,
  ///   `malformed` when types or shapes differ, `invalidArgument` when there is no tensor.
  public static func mean(of tensors: [Tensor]) throws -> Tensor {
    guard let first = tensors.first else {
      throw StateError(.invalidArgument, "nothing has no mean")
    }
    return try first.elementwise(.mean, with: Array(tensors.dropFirst()))
  }

  private func elementwise(
    _ operation: ElementwiseView.Operation,
    with others: [Tensor] = []
  ) throws -> Tensor {
    guard elementType.isFloatingPoint, let width = elementType.byteWidth else {
      throw StateError(.unsupported, "elements of type \(elementType.rawValue) cannot be scaled")
    }
    for other in others where other.elementType != elementType || other.shape != shape {
      throw StateError(
        .malformed,
        "the tensors differ in type or shape",
        expected: "\(elementType.rawValue)\(shape)",
        found: "\(other.elementType.rawValue)\(other.shape)"
      )
    }
    let view = ElementwiseView([self] + others, width: width, operation: operation)
    return try Tensor(elementType, shape, source: view)
  }
}
