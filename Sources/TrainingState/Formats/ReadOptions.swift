/// What a reader is told that the files themselves do not say.
public struct ReadOptions: Sendable {
  /// Names of the model's parameters in the order in which the optimizer numbers them, for formats
  /// that keep slots by number; `nil` to take the order from the state itself.
  public var parameterNames: [String]?

  /// Describes the options.
  ///
  /// - Parameter parameterNames: Names of the parameters in the optimizer's order.
  public init(parameterNames: [String]? = nil) {
    self.parameterNames = parameterNames
  }
}
