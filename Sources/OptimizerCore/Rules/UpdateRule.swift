public import Tensors

/// How a variable and its slots change by one gradient.
///
/// A rule is a value: its hyper-parameters, resolved for one variable, and the arithmetic it is
/// computed in. It has no state; that is in the slots.
public protocol UpdateRule: Sendable {
  /// The slots that the rule keeps for a variable.
  ///
  /// - Parameter shape: The variable's shape.
  /// - Returns: The slots, in the order in which ``update(_:_:)`` expects them.
  func slots(for shape: Shape) -> [SlotDefinition]

  /// The implementation that is reproduced.
  var arithmetic: Arithmetic { get }

  /// The rate where the step brings none.
  var learningRate: Double { get }

  /// Whether elements are updated independently, so that a variable may be updated in parts.
  var isElementwise: Bool { get }

  /// Completes a step's context with what depends on the step alone.
  ///
  /// - Parameter context: The step.
  /// - Returns: The same step with its powers of beta filled in where the rule needs them.
  func prepared(_ context: StepContext) -> StepContext

  /// The numbers that the rule keeps for a whole variable, after an update.
  ///
  /// - Parameter context: A prepared step, with the numbers before the update.
  /// - Returns: The numbers of the slots that are one each, in their order.
  func nextNumbers(_ context: StepContext) -> [Double]

  /// Hyper-parameters of the record that an update changes.
  ///
  /// - Parameter context: The step.
  /// - Returns: Their values after it by the record's keys.
  func nextHyperparameters(_ context: StepContext) -> [String: HyperparameterValue]

  /// Updates parameters and slots in place, plainly, one statement per line of the formula.
  ///
  /// - Parameters:
  ///   - block: Elements of one variable, all of them unless ``isElementwise``.
  ///   - context: A prepared step.
  func update<Scalar: BinaryFloatingPoint>(_ block: Block<Scalar>, _ context: StepContext)
}

extension UpdateRule {
  /// True.
  public var isElementwise: Bool { true }

  /// The context as it is.
  ///
  /// - Parameter context: The step.
  /// - Returns: The same.
  public func prepared(_ context: StepContext) -> StepContext { context }

  /// The same numbers.
  ///
  /// - Parameter context: A prepared step.
  /// - Returns: The numbers before the update.
  public func nextNumbers(_ context: StepContext) -> [Double] { context.numbers }

  /// None.
  ///
  /// - Parameter context: The step.
  /// - Returns: Nothing.
  public func nextHyperparameters(_ context: StepContext) -> [String: HyperparameterValue] { [:] }

  /// The rate of a step: the step's own or the rule's.
  func rate(_ context: StepContext) -> Double { context.learningRate ?? learningRate }
}
