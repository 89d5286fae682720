package import Tensors

/// How far a first moment can be from zero beside its second moment, whatever the gradients were.
///
/// With `m = (1 − beta1)·Σ beta1ⁱ·gᵢ` and `v = (1 − beta2)·Σ beta2ⁱ·gᵢ²`, Cauchy and Schwarz give
///
///     |m| ≤ √v · (1 − beta1)/√((1 − beta2)·(1 − beta1²/beta2)),   beta1² < beta2
///
/// and a single pair beyond it proves that the two did not come from the same gradients.
public struct MomentBound: Sendable, Hashable {
  /// Decay of the first moment.
  public let beta1: Double

  /// Decay of the second moment.
  public let beta2: Double

  /// The largest ratio `|m|/√v` in exact arithmetic: 7.27 for 0.9 and 0.999.
  public let ratio: Double

  /// The bound for two decays, `nil` where there is none: `beta1² ≥ beta2`, or a decay outside 0 to 1.
  ///
  /// - Parameters:
  ///   - beta1: Decay of the first moment.
  ///   - beta2: Decay of the second moment.
  public init?(beta1: Double, beta2: Double) {
    guard beta1 >= 0, beta2 < 1, beta1 * beta1 < beta2 else { return nil }
    self.beta1 = beta1
    self.beta2 = beta2
    ratio = (1 - beta1) / ((1 - beta2) * (1 - beta1 * beta1 / beta2)).squareRoot()
  }

  /// The largest ratio after a number of updates from zero: `√(1 − (beta1²/beta2)ᵗ)` of the bound.
  ///
  /// - Parameter updates: How many, `nil` for any number. One more is allowed, since a checkpoint can be
  ///   taken between an update and its being counted.
  /// - Returns: The ratio.
  package func ratio(after updates: Int64?) -> Double {
    guard let updates, updates < 10_000 else { return ratio }
    let share = beta1 * beta1 / beta2
    var power = 1.0
    for _ in 0...max(updates, 0) { power *= share }
    return ratio * (1 - power).squareRoot()
  }

  /// The ratio above which rounding is no excuse any more.
  ///
  /// Each update rounds both moments once or twice. What remains of it is at most a unit in the last
  /// place times the averages' lengths, 1/(1 − beta1) and half of 1/(1 − beta2): 3e-5 of `float32`
  /// moments by the worst of luck, 1e-7 in sound runs. Half-precision averages come to rest
  /// where an update is smaller than half a unit, and are allowed a quarter.
  ///
  /// - Parameters:
  ///   - first: Element type of the first moment.
  ///   - second: Element type of the second.
  ///   - updates: Updates since the moments were zero, `nil` for any number.
  /// - Returns: The ratio.
  package func limit(_ first: ElementType, _ second: ElementType, updates: Int64? = nil) -> Double {
    let units = [first, second].map { type -> Double in
      type == .float32 || type == .float64 ? 0x1p-24 : 0x1p-8
    }
    let drift = (units[0] / (1 - beta1) + units[1] / (2 * (1 - beta2))) * 2
    return ratio(after: updates) * (1 + min(max(drift, 1e-5), 0.25))
  }

  /// What a second moment can have lost by numbers too small for its type.
  ///
  /// A square of a gradient, its share, and the old average may each be flushed to zero when they
  /// fall below the least normal number, in every one of about 1/(1 − beta2) updates.
  ///
  /// - Parameter type: Element type of the second moment.
  /// - Returns: What to add to it before the ratio is formed.
  package func room(_ type: ElementType) -> Double {
    let least = type == .float16 ? 0x1p-24 : 0x1p-126
    return 4 * least / (1 - beta2)
  }
}
