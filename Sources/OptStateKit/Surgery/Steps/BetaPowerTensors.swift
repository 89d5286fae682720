internal import ByteIO
internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// TensorFlow's `beta1_power` and `beta2_power`: after *t* updates they are `beta1ᵗ⁺¹` and `beta2ᵗ⁺¹`,
/// multiplied up in `float32`.
struct BetaPowerTensors {
  private let places: [(place: Int, name: BetaPowerName)]

  /// Finds the powers among the tensors of an optimizer.
  init(_ tensors: [StateTensor]) {
    places = tensors.enumerated().compactMap { place, tensor in
      guard tensor.tensor.shape.rank == 0, tensor.tensor.elementType.isFloatingPoint else {
        return nil
      }
      return BetaPowerName(tensor.name).map { (place, $0) }
    }
  }

  var isEmpty: Bool { places.isEmpty }

  /// The tensors as they are after a number of updates.
  func set(
    _ tensors: [StateTensor],
    to step: Int64,
    _ betas: (BetaPowerName.Base) throws -> Double
  ) throws -> [StateTensor] {
    guard step < .max else {
      throw StateError(.invalidArgument, "a step of \(step) has no next one")
    }
    var copy = tensors
    for (place, name) in places {
      let type = copy[place].tensor.elementType
      let beta = try betas(name.base)
      let power =
        type == .float32
        ? BetaPower.product(beta, step: step + 1) : BetaPower.exact(beta, step: step + 1)
      copy[place].tensor = try Tensor.constant(power, type, .scalar)
    }
    return copy
  }

  /// The base whose stored power it is: the shortest decimal fraction that, multiplied up, gives the
  /// power bit for bit; `nil` where there is none or the power has become zero.
  func base(_ base: BetaPowerName.Base, in tensors: [StateTensor], step: Int64) throws -> Double? {
    guard step >= 0, step < 1_000_000, let power = try value(of: base, in: tensors), power > 0,
      power < 1
    else { return nil }
    let estimate = BetaPower.root(Double(power), of: step + 1)
    var scale = 1.0
    for _ in 1...7 {
      scale *= 10
      let candidate = (estimate * scale).rounded() / scale
      guard candidate > 0, candidate < 1 else { continue }
      if Float(BetaPower.product(candidate, step: step + 1)) == power { return candidate }
    }
    return nil
  }

  /// The stored power of a base, of the first optimizer that has one in `float32`.
  func value(of base: BetaPowerName.Base, in tensors: [StateTensor]) throws -> Float? {
    guard let place = places.first(where: { $0.name.base == base })?.place else { return nil }
    return try Self.value(tensors[place])
  }

  /// The tensors after an update, in which TensorFlow multiplies each power by its base in `float32`.
  func advanced(_ tensors: [StateTensor], by record: OptimizerRecord) throws -> [StateTensor] {
    var copy = tensors
    for (place, name) in places {
      guard let power = try Self.value(tensors[place]),
        let base = record.hyperparameters[name.base.rawValue]?.number
      else { continue }
      let product = power * Float(base)
      // Powers below the least normal number become zero, as in all of TensorFlow's threads.
      let next = product.isSubnormal ? 0 : product
      copy[place].tensor = try Tensor.constant(Double(next), .float32, .scalar)
    }
    return copy
  }

  /// The powers in pairs, by the optimizer whose they are, where both are there in `float32`.
  func pairs(in tensors: [StateTensor]) throws -> [(beta1: Double, beta2: Double)] {
    try places.filter { $0.name.base == .beta1 }.compactMap { first in
      guard
        let second = places.first(where: {
          $0.name.base == .beta2 && $0.name.owner == first.name.owner
        }),
        let beta1 = try Self.value(tensors[first.place]),
        let beta2 = try Self.value(tensors[second.place])
      else { return nil }
      return (Double(beta1), Double(beta2))
    }
  }

  private static func value(_ tensor: StateTensor) throws -> Float? {
    guard tensor.tensor.elementType == .float32, tensor.tensor.byteCount == 4 else { return nil }
    let bits = try TensorPass.verifiedBytes(of: NamedTensor(tensor.name, tensor.tensor), limit: 4)
      .reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    return Float(bitPattern: bits)
  }
}
