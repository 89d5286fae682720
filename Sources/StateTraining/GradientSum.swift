internal import ByteIO
internal import OptimizerCore
internal import Tensors

/// The sum of a variable's gradients between two updates, in `float32`.
final class GradientSum {
  private let shape: Shape
  private let total: WorkBuffer

  /// A sum of nothing.
  init(_ shape: Shape) throws {
    self.shape = shape
    total = WorkBuffer(byteCount: try shape.byteCount(of: .float32))
    unsafe total.bytes.initializeMemory(as: UInt8.self, repeating: 0)
  }

  /// The sum that a state has, verified.
  convenience init(resuming tensor: NamedTensor, _ shape: Shape) throws {
    guard tensor.tensor.elementType == .float32, tensor.tensor.shape == shape else {
      throw StateError(
        .malformed,
        "the sum of gradients does not fit its variable",
        tensor: tensor.name,
        expected: "float32\(shape)",
        found: "\(tensor.tensor.elementType.rawValue)\(tensor.tensor.shape)"
      )
    }
    try self.init(shape)
    try TensorPass.verifyOrigins(of: [tensor])
    try unsafe tensor.tensor.read(into: total.bytes, at: 0)
    var sum = CRC32C()
    unsafe sum.add(UnsafeRawBufferPointer(total.bytes))
    try TensorPass.check(tensor, sum)
  }

  /// Whether every number is a positive zero.
  var isZero: Bool { unsafe total.bytes.allSatisfy { $0 == 0 } }

  /// Adds a gradient.
  func add(
    _ gradient: WorkBuffer,
    _ type: ElementType,
    _ accumulation: GradientAccumulation
  ) throws {
    try Self.check(type)
    try unsafe accumulation.add(
      UnsafeRawBufferPointer(gradient.bytes),
      type,
      to: total.bytes,
      completes: false
    )
  }

  /// The mean with a last gradient, zero where there is none; the sum itself stays.
  func mean(
    adding gradient: WorkBuffer?,
    _ type: ElementType,
    _ accumulation: GradientAccumulation
  ) throws -> WorkBuffer {
    try Self.check(type)
    let copy = try GradientSum(shape)
    unsafe copy.total.bytes.copyMemory(from: UnsafeRawBufferPointer(total.bytes))
    let last: WorkBuffer
    if let gradient {
      last = gradient
    } else {
      last = WorkBuffer(byteCount: try shape.byteCount(of: type))
      unsafe last.bytes.initializeMemory(as: UInt8.self, repeating: 0)
    }
    try unsafe accumulation.add(
      UnsafeRawBufferPointer(last.bytes),
      type,
      to: copy.total.bytes,
      completes: true
    )
    if type == .float32 { return copy.total }
    let numbers = try copy.tensor().cast(to: type)
    let result = WorkBuffer(byteCount: numbers.byteCount)
    try unsafe numbers.read(into: result.bytes, at: 0)
    return result
  }

  /// The sum, copied.
  func tensor() throws -> Tensor {
    try Tensor(.float32, shape, bytes: unsafe Array(total.bytes))
  }

  /// The core adds in `float32`, which would take half of a `float64` gradient's digits.
  private static func check(_ type: ElementType) throws {
    guard type != .float64 else {
      throw StateError(.unsupported, "gradients of type float64 cannot be accumulated")
    }
  }
}
