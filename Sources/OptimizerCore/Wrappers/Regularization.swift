/// Penalties on the weights that reach the rule through the gradient.
///
///     g' = g + l2·p + l1·sign(p)
///
/// PyTorch's `weight_decay` of Adam, SGD and others is `l2`, fused in its arithmetic; Keras'
/// regularizers add `l1·|p|` and `l2·p²` to the loss, so that `l2` here is twice Keras'.
public struct Regularization: Sendable, Hashable {
  /// Factor of the sign.
  public let l1: Double
  /// Factor of the parameter.
  public let l2: Double

  init(from reader: inout RecordReader) throws {
    l1 = try reader.number("l1", default: 0)
    l2 = try reader.number("l2", default: 0)
  }

  var isNone: Bool { l1 == 0 && l2 == 0 }

  func apply<Scalar: BinaryFloatingPoint>(to block: Block<Scalar>, _ arithmetic: Arithmetic) {
    let (gradient, parameter) = (block.gradient, block.parameter)
    let (a, b) = (Scalar(l1), Scalar(l2))
    if b != 0, arithmetic.convention == .pytorch {
      let tensors = TensorOperations(arithmetic, block)
      let factor = tensors.number(l2)
      for i in 0..<gradient.count {
        gradient[i] = tensors.sum(gradient[i], factor, times: parameter[i], at: i)
      }
    } else if b != 0 {
      for i in 0..<gradient.count { gradient[i] = gradient[i] + b * parameter[i] }
    }
    if a != 0 {
      for i in 0..<gradient.count where parameter[i] != 0 {
        gradient[i] = gradient[i] + (parameter[i] < 0 ? -a : a)
      }
    }
  }
}
