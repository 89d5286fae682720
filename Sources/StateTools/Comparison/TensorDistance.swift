internal import Tensors

/// How far two tensors of one shape are apart, as Euclidean norms over all elements.
struct TensorDistance: Sendable {
  private var differences = 0.0
  private var firsts = 0.0
  private var seconds = 0.0

  /// Norm of the difference.
  var distance: Double { differences.squareRoot() }

  /// Norm of the first tensor.
  var firstNorm: Double { firsts.squareRoot() }

  /// Norm of the second one.
  var secondNorm: Double { seconds.squareRoot() }

  /// The distance over the first norm, `nil` where that is zero.
  var relative: Double? { firsts > 0 ? (differences / firsts).squareRoot() : nil }

  /// The distance of nothing.
  init() {}

  /// Measures two pieces.
  ///
  /// - Parameters:
  ///   - first: Elements of one side.
  ///   - second: As many elements of the other.
  ///   - type: Their type, a floating-point one.
  /// - Throws: `StateError` with code `unsupported` when the type is no number.
  init(
    _ first: UnsafeRawBufferPointer,
    _ second: UnsafeRawBufferPointer,
    _ type: ElementType
  ) throws {
    if type == .float32 {
      let (one, other) = unsafe (
        first.bindMemory(to: Float.self), second.bindMemory(to: Float.self)
      )
      for index in 0..<one.count { unsafe add(Double(one[index]), Double(other[index])) }
      return
    }
    let count = first.count / (type.byteWidth ?? 1)
    let numbers = UnsafeMutableBufferPointer<Double>.allocate(capacity: 2 * count)
    defer { unsafe numbers.deallocate() }
    let (one, other) = unsafe (
      UnsafeMutableBufferPointer(rebasing: numbers[..<count]),
      UnsafeMutableBufferPointer(rebasing: numbers[count...])
    )
    try unsafe ElementConversion.toDouble(first, type, one)
    try unsafe ElementConversion.toDouble(second, type, other)
    for index in 0..<count { unsafe add(one[index], other[index]) }
  }

  private mutating func add(_ one: Double, _ other: Double) {
    differences += (other - one) * (other - one)
    firsts += one * one
    seconds += other * other
  }

  /// Adds a piece, or the tensor of another variable of the layer.
  mutating func add(_ other: TensorDistance) {
    differences += other.differences
    firsts += other.firsts
    seconds += other.seconds
  }
}
