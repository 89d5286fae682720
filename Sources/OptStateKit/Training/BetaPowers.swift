internal import ByteIO
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// TensorFlow's `beta1_power` and `beta2_power`: what Adam multiplies up instead of counting steps.
struct BetaPowers {
  let beta1: Double?
  let beta2: Double?

  /// Finds the powers among the tensors of an optimizer.
  init(_ tensors: [StateTensor]) throws {
    beta1 = try Self.value("beta1_power", tensors)
    beta2 = try Self.value("beta2_power", tensors)
  }

  /// The tensors after an update, in which TensorFlow multiplies each power by its base in `float32`.
  func advanced(_ tensors: [StateTensor], _ record: OptimizerRecord) -> [StateTensor] {
    tensors.map { tensor in
      let last = tensor.name.split(separator: "/").last ?? ""
      let (power, key) = last == "beta1_power" ? (beta1, "beta1") : (beta2, "beta2")
      guard last == "beta1_power" || last == "beta2_power", let power,
        let base = record.hyperparameters[key]?.number
      else { return tensor }
      let product = Float(power) * Float(base)
      // Powers below the least normal number become zero, as in all of TensorFlow's threads.
      let bits = (product.isSubnormal ? 0 : product).bitPattern
      let bytes = (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
      var copy = tensor
      copy.tensor = Tensor(.float32, .scalar, byteCount: 4, source: MemorySource(bytes))
      return copy
    }
  }

  private static func value(_ name: String, _ tensors: [StateTensor]) throws -> Double? {
    guard let tensor = tensors.first(where: { $0.name.split(separator: "/").last ?? "" == name }),
      tensor.tensor.elementType == .float32
    else { return nil }
    let bytes = try TensorPass.verifiedBytes(of: NamedTensor(name, tensor.tensor), limit: 4)
    let bits = bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    return Double(Float(bitPattern: bits))
  }
}
