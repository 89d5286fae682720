import Tensors

/// What all elements of a variable share in one update.
public struct StepContext: Sendable, Hashable {
  /// Number of this update for the variable, 1 when its slots have just been made.
  public let step: Int64

  /// The rate of this update, `nil` for the rule's own; TensorFlow's arithmetic rounds it to the
  /// parameters' type, PyTorch's keeps the `Double` until it meets a tensor.
  public var learningRate: Double?

  /// What is done to the gradient first.
  public var scaling: GradientScaling

  /// `beta1ᵗ` where the state stores it, as TensorFlow's `beta1_power` does before update *t*.
  public var beta1Power: Double?

  /// `beta2ᵗ` where the state stores it.
  public var beta2Power: Double?

  /// NAdam's product of momenta before this update, where the state stores one for all variables.
  public var momentumProduct: Double?

  /// Whether no other variable is updated along with this one.
  var isAlone = false

  /// Numbers that the rule keeps for the whole variable, as they are before the update.
  var numbers: [Double] = []

  /// Describes a step.
  ///
  /// - Parameters:
  ///   - step: Number of this update, at least 1.
  ///   - learningRate: The rate of this update, `nil` for the rule's own.
  ///   - scaling: What is done to the gradient first.
  ///   - beta1Power: `beta1ᵗ` where the state stores it.
  ///   - beta2Power: `beta2ᵗ` where the state stores it.
  /// - Throws: `StateError` with code `invalidArgument` when the step is not positive.
  public init(
    step: Int64,
    learningRate: Double? = nil,
    scaling: GradientScaling = .none,
    beta1Power: Double? = nil,
    beta2Power: Double? = nil
  ) throws {
    guard step >= 1 else {
      throw StateError(
        .invalidArgument,
        "updates are counted from 1",
        expected: "a step of at least 1",
        found: "\(step)"
      )
    }
    self.step = step
    self.learningRate = learningRate
    self.scaling = scaling
    self.beta1Power = beta1Power
    self.beta2Power = beta2Power
  }
}
