internal import Tensors
internal import TrainingState

/// What is done to which moments, and what it means.
public struct DebiasPlan: Sendable {
  /// Moments that share their decays and counts.
  public struct Factors: Sendable, Hashable {
    /// Updates that the first moment has seen.
    public let step1: Int64
    /// Updates that the second moment has seen.
    public let step2: Int64
    /// Decay of the first moment.
    public let beta1: Double
    /// Decay of the second moment.
    public let beta2: Double

    /// `1 − beta1ᵗ`.
    public var first: Double { MomentScaling.factor(beta1, step1) }
    /// `1 − beta2ᵗ`.
    public var second: Double { MomentScaling.factor(beta2, step2) }
    /// How much larger an uncorrected update is than a corrected one: `(1 − beta1ᵗ)/√(1 − beta2ᵗ)`.
    public var inflation: Double { first / second.squareRoot() }
  }

  /// A range of one variable's elements that share their factors.
  struct Part: Sendable {
    let variable: String
    let first: Tensor
    let second: Tensor
    let elements: Range<Int>
    let factors: Factors
    let epsilon: Double?

    /// Whether both moments are read from end to end, as the `float32` numbers that they are.
    var isWhole: Bool {
      elements == 0..<first.shape.elementCount && first.elementType == .float32
        && second.elementType == .float32
    }
  }

  /// What was done, `nil` where only the rate was changed.
  public let operation: Debias.Operation?

  /// What the rate was multiplied by, 1 where the moments were changed.
  public let rateFactor: Double

  /// Variables whose moments are concerned, by their factors.
  public private(set) var variables: [Factors: Int] = [:]

  /// Variables, or rows of them, whose moments are still zero.
  public private(set) var untouched = 0

  /// Variables, or rows of them, into which the correction had been folded before.
  public private(set) var alreadyFolded = 0

  /// What to mind, a sentence each.
  public internal(set) var notes: [String] = []

  private(set) var parts: [Part] = []

  init(_ operation: Debias.Operation) {
    self.operation = operation
    rateFactor = 1
  }

  init(rateFactor: Double) {
    operation = nil
    self.rateFactor = rateFactor
  }

  mutating func add(_ moments: Moments, _ stretches: [MomentStretch], epsilon: Double?) {
    let shape = moments.first.tensor.tensor.shape
    let rowElements = shape.elementCount / max(moments.rowCount, 1)
    for stretch in stretches {
      guard stretch.isChanged else {
        if stretch.isFolded { alreadyFolded += 1 } else { untouched += 1 }
        continue
      }
      let factors = Factors(
        step1: stretch.ages.first,
        step2: stretch.ages.second,
        beta1: stretch.beta1,
        beta2: stretch.beta2
      )
      variables[factors, default: 0] += 1
      parts.append(
        Part(
          variable: moments.variable,
          first: moments.first.tensor.tensor,
          second: moments.second.tensor.tensor,
          elements: stretch.rows.lowerBound * rowElements..<stretch.rows.upperBound * rowElements,
          factors: factors,
          epsilon: epsilon
        )
      )
    }
  }

  /// Refuses what would do nothing, or what would do again what was done.
  func finish(isForced: Bool) throws {
    if variables.isEmpty, untouched == 0, alreadyFolded == 0 {
      throw StateError(.unsupported, "the state has no Adam moments")
    }
    switch operation {
    case .fold where variables.isEmpty && alreadyFolded > 0:
      throw StateError(
        .unsupported,
        "the correction is folded into the moments already",
        remedy: "debias --unfold takes it out"
      )
    case .declare where alreadyFolded > 0 && !isForced:
      throw StateError(
        .unsupported,
        "the correction is folded into the moments, which must not be corrected again",
        remedy: "debias --unfold takes it out"
      )
    case .unfold where variables.isEmpty && untouched > 0 && !isForced:
      throw StateError(
        .unsupported,
        "the state does not record that the correction was folded into its moments",
        remedy: "pass --force if it was"
      )
    case .fold where variables.isEmpty:
      throw StateError(.unsupported, "the moments have seen no update: there is nothing to correct")
    default: break
    }
  }
}
