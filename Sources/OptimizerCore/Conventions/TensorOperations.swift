import CKernels
import Tensors

/// PyTorch's element-wise operations, each rounded as its own CPU kernel rounds it.
///
/// The unfused optimizers call one after the other, so that a tensor of a narrow type is rounded after every single
/// one of them. Kernels for `bfloat16` and `float16` compute in `float32`; a number that is added, and the factor of
/// what is added, are rounded to the tensor's type first, every other number to `float32`
/// (`aten/src/ATen/native/cpu/BinaryOpsKernel.cpp`, `PointwiseOpsKernel.cpp`, `LerpKernel.cpp`).
struct TensorOperations<Scalar: BinaryFloatingPoint> {
  private enum Precision {
    case whole, bfloat16, float16
  }

  private let precision: Precision
  private let usesMKL: Bool
  private let isForeach: Bool
  /// Index in the block from which sums with a factor are computed element by element.
  private let tail: Int

  /// Takes the operations of an implementation on a block.
  ///
  /// - Parameters:
  ///   - arithmetic: One of PyTorch's.
  ///   - block: The elements.
  ///   - isForeach: Whether the foreach path calls them.
  init(_ arithmetic: Arithmetic, _ block: Block<Scalar>, isForeach: Bool = false) {
    self.isForeach = isForeach
    // The fused kernels round at the end only.
    switch arithmetic == .pytorchFused ? nil : block.tensorType {
    case .bfloat16: precision = .bfloat16
    case .float16: precision = .float16
    default: precision = .whole
    }
    usesMKL = arithmetic == .pytorchMKL && precision == .whole && Scalar.self == Float.self
    tail = block.shape.elementCount - block.shape.elementCount % Self.narrowStride - block.start
  }

  /// Elements that a vector loop over a narrow type takes at a time, for AVX2 and AVX-512 alike.
  private static var narrowStride: Int { 32 }

  /// A number of the tensor's type.
  func rounded(_ x: Scalar) -> Scalar {
    switch precision {
    case .whole: x
    case .bfloat16: Scalar(Float(BFloat16(Float(x))))
    case .float16: Scalar(Float16(Float(x)))
    }
  }

  /// A number as it is added to a tensor, or stored in one.
  func number(_ value: Double) -> Scalar { rounded(Scalar(value)) }

  /// `x·y`, of two tensors or of a tensor and a number.
  func product(_ x: Scalar, _ y: Scalar) -> Scalar { rounded(x * y) }

  /// `x·factor` in place; the foreach path's rounds the factor to the tensor's type.
  func scaled(_ x: Scalar, by factor: Scalar) -> Scalar {
    rounded(x * (isForeach ? rounded(factor) : factor))
  }

  /// `x/y`, of two tensors or of a tensor and a number.
  func quotient(_ x: Scalar, _ y: Scalar) -> Scalar { rounded(x / y) }

  /// `x + y`, of two tensors or of a tensor and a ``number(_:)``.
  func sum(_ x: Scalar, _ y: Scalar) -> Scalar { rounded(x + y) }

  /// `x − y` of two tensors.
  func difference(_ x: Scalar, _ y: Scalar) -> Scalar { rounded(x - y) }

  /// `x + factor·y`: `add` with `alpha`, whose factor is a ``number(_:)``.
  ///
  /// Of a narrow type, what fills no vector is computed in the type's own operators, which round the product.
  func sum(_ x: Scalar, _ factor: Scalar, times y: Scalar, at index: Int) -> Scalar {
    if precision != .whole, index >= tail { return rounded(x + rounded(factor * y)) }
    return rounded(.fma(factor, y, x))
  }

  /// `lerp`, from the nearer end.
  func lerp(_ old: Scalar, _ new: Scalar, weight: Scalar) -> Scalar {
    rounded(.lerp(old, new, weight: weight))
  }

  /// `x + factor·a·b`: `addcmul`.
  func sum(_ x: Scalar, product a: Scalar, _ b: Scalar, factor: Scalar) -> Scalar {
    rounded(.fma(factor * a, b, x))
  }

  /// `x + factor·a/b`: `addcdiv`.
  func sum(_ x: Scalar, quotient a: Scalar, _ b: Scalar, factor: Scalar) -> Scalar {
    rounded(x + (factor * a) / b)
  }

  /// `number/x`, which is a reciprocal and a product.
  func quotient(number: Scalar, _ x: Scalar) -> Scalar { rounded(rounded(1 / x) * number) }

  /// `√x`.
  func root(_ x: Scalar) -> Scalar {
    usesMKL ? Scalar(optstate_mkl_root(Float(x))) : rounded(x.squareRoot())
  }

  /// −1, 0 or 1; PyTorch has 0 for a NaN.
  func sign(_ x: Scalar) -> Scalar { x > 0 ? 1 : x < 0 ? -1 : 0 }
}
