import Tensors

/// How gradients are bounded before an update.
///
/// A norm that is not finite is an error; no framework's way of applying it (TensorFlow makes every
/// gradient a NaN, PyTorch the infinite elements) is imitated.
public enum Clipping: Sendable, Hashable {
  /// All gradients together are scaled down to a norm:
  /// TensorFlow `c·min(1/n, 1/c)` with `n = √(2·Σ l2_loss)`, PyTorch `min((1/(n + 1e-6))·c, 1)`.
  case globalNorm(Double)
  /// Each variable's gradient is scaled down to a norm:
  /// TensorFlow `(g·c)/max(n, c)`, PyTorch as for the global norm.
  case norm(Double)
  /// Every element is bounded.
  case value(Double)
  /// All gradients together are scaled by `c/(n + c)`, which is smooth and always shrinks.
  case smooth(Double)

  /// The record's clipping, `nil` where it has none; at most one of the four keys may be above 0.
  init?(from reader: inout RecordReader) throws {
    let makers: [(String, (Double) -> Clipping)] = [
      ("global_clip_norm", Clipping.globalNorm), ("clip_norm", Clipping.norm),
      ("clip_value", Clipping.value), ("smooth_clip_norm", Clipping.smooth),
    ]
    let given = try makers.compactMap { key, make in
      try reader.optionalNumber(key).map { (key, $0, make) }
    }
    let active = given.filter { $0.1 > 0 }
    guard active.count <= 1 else {
      throw StateError(
        .invalidArgument,
        "\(reader.subject) clips in more than one way",
        found: active.map(\.0).joined(separator: ", ")
      )
    }
    if let (_, bound, make) = active.first {
      self = make(bound)
    } else {
      return nil
    }
  }

  /// Whether the norms of the gradients are needed.
  public var needsNorms: Bool {
    if case .value = self { false } else { true }
  }

  /// What is to be done to each variable's gradient.
  ///
  /// - Parameter norms: The variables' norms, in their order; `nil` if ``needsNorms`` is false.
  /// - Returns: One scaling for all variables, or one for each.
  /// - Throws: `StateError` with code `malformed` when a norm is not finite.
  /// - Precondition: There are norms if ``needsNorms`` is true.
  public func scalings(_ norms: GradientNorms?) throws -> Scalings {
    if case .value(let bound) = self { return .shared(.clamp(bound)) }
    guard let norms else { preconditionFailure("clipping by a norm needs the norms") }
    try norms.checkFinite()
    switch self {
    case .value(let bound): return .shared(.clamp(bound))
    case .globalNorm(let bound):
      return .shared(.factor(Double(Self.factor(norms.global, bound, norms.arithmetic))))
    case .norm(let bound):
      return .each(
        norms.each.map { n in
          norms.arithmetic.convention == .pytorch
            ? .factor(Double(Self.factor(n, bound, norms.arithmetic)))
            : .quotient(factor: bound, divisor: Double(max(n, Float(bound))))
        }
      )
    case .smooth(let bound):
      let c = Float(bound)
      return .shared(.factor(Double(c / (norms.global + c))))
    }
  }

  private static func factor(_ norm: Float, _ bound: Double, _ arithmetic: Arithmetic) -> Float {
    let c = Float(bound)
    switch arithmetic.convention {
    case .tensorflow: return c * min(1 / norm, 1 / c)
    case .pytorch: return min((1 / (norm + Float(1e-6))) * c, 1)
    }
  }

  /// The scaling of all variables.
  public enum Scalings: Sendable, Hashable {
    /// The same for all.
    case shared(GradientScaling)
    /// One for each, in the variables' order.
    case each([GradientScaling])

    /// The scaling of a variable.
    ///
    /// - Parameter index: Its place in the order of the norms.
    public subscript(index: Int) -> GradientScaling {
      switch self {
      case .shared(let scaling): scaling
      case .each(let scalings): scalings[index]
      }
    }
  }
}
