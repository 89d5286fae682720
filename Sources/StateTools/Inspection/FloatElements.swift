internal import Tensors

/// Elements of any floating-point type as `float32`, for surveys that need no more.
enum FloatElements {
  /// Hands the elements on as `float32`, converted where they are not.
  ///
  /// - Parameters:
  ///   - bytes: Elements, aligned.
  ///   - type: Their type.
  ///   - body: Receives aligned `float32` elements.
  /// - Returns: What the body returns.
  /// - Throws: `StateError` with code `unsupported` when the type is no number, or what the body throws.
  static func with<Result>(
    _ bytes: UnsafeRawBufferPointer,
    _ type: ElementType,
    _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    if type == .float32 { return try unsafe body(bytes) }
    let count = bytes.count / (type.byteWidth ?? 1)
    let numbers = UnsafeMutableBufferPointer<Double>.allocate(capacity: count)
    defer { unsafe numbers.deallocate() }
    try unsafe ElementConversion.toDouble(bytes, type, numbers)
    let floats = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
    defer { unsafe floats.deallocate() }
    for index in 0..<count { unsafe floats[index] = Float(numbers[index]) }
    return try unsafe body(UnsafeRawBufferPointer(floats))
  }
}
