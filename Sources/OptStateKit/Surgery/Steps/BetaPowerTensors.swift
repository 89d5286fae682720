internal import ByteIO
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// TensorFlow's `beta1_power` and `beta2_power`: after *t* updates they are `beta1ᵗ⁺¹` and `beta2ᵗ⁺¹`,
/// multiplied up in `float32`.
struct BetaPowerTensors {
  /// Which of the two a tensor is.
  enum Base: String, CaseIterable {
    case beta1
    case beta2
  }

  private let places: [(place: Int, base: Base)]

  /// Finds the powers among the tensors of an optimizer.
  init(_ tensors: [StateTensor]) {
    places = tensors.enumerated().compactMap { place, tensor in
      let last = tensor.name.split(separator: "/").last ?? ""
      return Base.allCases.first { base in
        let word = base.rawValue + "_power"
        let isNumbered = last.hasPrefix(word + "_") && Int(last.dropFirst(word.count + 1)) != nil
        return tensor.tensor.shape.rank == 0 && tensor.tensor.elementType.isFloatingPoint
          && (last == word || isNumbered)
      }
      .map { (place, $0) }
    }
  }

  var isEmpty: Bool { places.isEmpty }

  /// The tensors as they are after a number of updates.
  func set(
    _ tensors: [StateTensor],
    to step: Int64,
    _ betas: (Base) throws -> Double
  ) throws -> [StateTensor] {
    guard step < .max else {
      throw StateError(.invalidArgument, "a step of \(step) has no next one")
    }
    var copy = tensors
    for (place, base) in places {
      let type = copy[place].tensor.elementType
      let beta = try betas(base)
      let power =
        type == .float32
        ? BetaPower.product(beta, step: step + 1) : BetaPower.exact(beta, step: step + 1)
      copy[place].tensor = try Tensor.constant(power, type, .scalar)
    }
    return copy
  }

  /// The base whose stored power it is: the shortest decimal fraction that, multiplied up, gives the
  /// power bit for bit; `nil` where there is none or the power has become zero.
  func base(_ base: Base, in tensors: [StateTensor], step: Int64) throws -> Double? {
    guard let place = places.first(where: { $0.base == base })?.place,
      tensors[place].tensor.elementType == .float32, step >= 0, step < 1_000_000
    else { return nil }
    let tensor = NamedTensor(tensors[place].name, tensors[place].tensor)
    let bits = try TensorPass.verifiedBytes(of: tensor, limit: 4).reversed()
      .reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    let power = Float(bitPattern: bits)
    guard power > 0, power < 1 else { return nil }
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
}
