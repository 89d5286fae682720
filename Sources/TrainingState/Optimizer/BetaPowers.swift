internal import ByteIO
public import OptimizerCatalog
package import OptimizerCore
internal import Tensors

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// TensorFlow's `beta1_power` and `beta2_power`: after *t* updates they are `beta1ᵗ⁺¹` and `beta2ᵗ⁺¹`,
/// multiplied up in `float32`.
public struct BetaPowers: Sendable {
  /// Decays and a step that explain the powers of a state.
  public struct Reading: Sendable, Hashable {
    /// The first moment's decay.
    public let beta1: Double

    /// The second moment's decay.
    public let beta2: Double

    /// Updates since the powers began, `nil` where several optimizers disagree or a power has vanished.
    public let step: Int64?

    /// A decay.
    ///
    /// - Parameter base: Which moment's.
    public subscript(_ base: BetaPowerName.Base) -> Double { base == .beta1 ? beta1 : beta2 }
  }

  private let places: [(place: Int, name: BetaPowerName)]

  /// Finds the powers among the tensors of an optimizer.
  ///
  /// - Parameter tensors: The tensors of an optimizer as a whole.
  public init(_ tensors: [StateTensor]) {
    places = tensors.enumerated().compactMap { place, tensor in
      guard tensor.tensor.shape.rank == 0, tensor.tensor.elementType.isFloatingPoint else {
        return nil
      }
      return BetaPowerName(tensor.name).map { (place, $0) }
    }
  }

  /// Whether there are none.
  public var isEmpty: Bool { places.isEmpty }

  /// The tensors as they are after a number of updates.
  package func set(
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
  package func value(of base: BetaPowerName.Base, in tensors: [StateTensor]) throws -> Float? {
    guard let place = places.first(where: { $0.name.base == base })?.place else { return nil }
    return try Self.value(tensors[place])
  }

  /// The tensors after an update, in which TensorFlow multiplies each power by its base in `float32`.
  package func advanced(_ tensors: [StateTensor], by record: OptimizerRecord) throws
    -> [StateTensor]
  {
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

  /// Decays and step behind the powers, `nil` where there are none that tell anything.
  func reading(_ tensors: [StateTensor], globalStep: Int64?) throws -> Reading? {
    let readings = try pairs(in: tensors).compactMap { pair in
      Self.reading(pair.beta1, pair.beta2, globalStep)
    }
    // Which optimizer owns which variable is not on record: the widest bound excuses the most.
    guard
      let widest = readings.max(by: {
        MomentBound(beta1: $0.beta1, beta2: $0.beta2)?.ratio ?? .infinity
          < MomentBound(beta1: $1.beta1, beta2: $1.beta2)?.ratio ?? .infinity
      })
    else { return nil }
    let step = readings.count == 1 ? widest.step : nil
    return Reading(beta1: widest.beta1, beta2: widest.beta2, step: step)
  }

  /// The usual decays where both powers agree on a step, else those that give the powers at the global step.
  private static func reading(_ first: Double, _ second: Double, _ globalStep: Int64?) -> Reading? {
    guard first > 0, first < 1, second > 0, second < 1 else { return nil }
    let steps = (log(first) / log(0.9) - 1, log(second) / log(0.999) - 1)
    if abs(steps.0 - steps.1) < 0.3 + 1e-3 * abs(steps.0), steps.0 > -0.5 {
      return Reading(beta1: 0.9, beta2: 0.999, step: Int64(exactly: steps.0.rounded()))
    }
    guard let globalStep, globalStep >= 0, globalStep < .max else { return nil }
    let count = Double(globalStep + 1)
    func root(_ power: Double) -> Double { (exp(log(power) / count) * 1e6).rounded() / 1e6 }
    let (beta1, beta2) = (root(first), root(second))
    guard MomentBound(beta1: beta1, beta2: beta2) != nil else { return nil }
    return Reading(beta1: beta1, beta2: beta2, step: globalStep)
  }

  /// The powers in pairs, by the optimizer whose they are, where both are there in `float32`.
  private func pairs(in tensors: [StateTensor]) throws -> [(beta1: Double, beta2: Double)] {
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
