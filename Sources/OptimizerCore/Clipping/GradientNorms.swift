import CKernels
import Tensors

/// The norms of some variables' gradients, formed as a framework forms them.
///
/// TensorFlow's global norm is `√(2·Σ l2_loss(gᵢ))`, Keras' `√(Σ Σ gᵢ²)`, PyTorch's the norm of the norms.
/// The order of the additions is the framework's own, so that the bits are: PyTorch's always,
/// TensorFlow's where the number of its threads does not matter, see `TensorFlowSum`.
public struct GradientNorms: Sendable, Hashable {
  /// Sums of squares, one per variable; of halves of squares in TensorFlow's arithmetic.
  public let sums: [Double]

  /// Whose form is followed.
  public let arithmetic: Arithmetic

  /// Names of the variables.
  public let names: [String]

  init(sums: [Double], names: [String], _ arithmetic: Arithmetic) {
    self.sums = sums
    self.names = names
    self.arithmetic = arithmetic
  }

  /// The norm of all gradients together.
  public var global: Float {
    switch arithmetic {
    case .tensorflow: (2 * TensorFlowSum.sum(sums.count) { Float(sums[$0]) }).squareRoot()
    case .keras, .optax, .optaxEager:
      TensorFlowSum.sum(sums.count) { Float(sums[$0]) }.squareRoot()
    case .pytorch, .pytorchMKL, .pytorchFused:
      PyTorchSum.squares(sums.count) { Float(sums[$0]).squareRoot() }.squareRoot()
    }
  }

  /// The norms of the gradients one by one.
  public var each: [Float] {
    sums.map { Float(arithmetic == .tensorflow ? 2 * $0 : $0).squareRoot() }
  }

  /// Refuses norms that are not finite.
  ///
  /// - Throws: `StateError` with code `malformed`, naming the first variable concerned.
  public func checkFinite() throws {
    for (sum, name) in zip(sums, names) where !sum.isFinite {
      throw StateError(
        .malformed,
        "the norm of the gradient is not finite",
        tensor: name,
        found: "\(sum)",
        remedy: "leave out the step or find out why the loss diverged"
      )
    }
    guard global.isFinite else {
      throw StateError(.malformed, "the global norm of the gradients is not finite")
    }
  }

  /// The sum of squares, or of their halves, of consecutive elements of one gradient.
  static func sum(
    _ bytes: UnsafeRawBufferPointer,
    _ type: ElementType,
    first: Int,
    _ arithmetic: Arithmetic
  ) -> Double {
    let source = unsafe UnsafeMutableRawBufferPointer(mutating: bytes)
    let scale: Float = arithmetic == .tensorflow ? 0.5 : 1
    if type == .float64 {
      let buffer = unsafe ScalarBuffer<Double>(source, type)
      defer { buffer.release() }
      if arithmetic.convention == .pytorch {
        return PyTorchSum.squares(buffer.lane.count) { buffer.lane[$0] }
      }
      return TensorFlowSum.sum(buffer.lane.count) { i in
        (buffer.lane[i] * buffer.lane[i]) * Double(scale)
      }
    }
    let buffer = unsafe ScalarBuffer<Float>(source, type)
    defer { buffer.release() }
    let (base, count) = unsafe (buffer.lane.base, buffer.lane.count)
    switch arithmetic.convention {
    case .tensorflow:
      return unsafe Double(
        optstate_square_sum_tensorflow(KernelPath.best, base, first, count, scale)
      )
    case .pytorch:
      return unsafe Double(optstate_square_sum_pytorch(KernelPath.best, base, count))
    }
  }
}
