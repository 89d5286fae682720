public import OptimizerCore

/// What a reader is told that the files themselves do not say.
public struct ReadOptions: Sendable {
  /// Names of the model's parameters in the order in which the optimizer numbers them, for formats
  /// that keep slots by number; `nil` to take the order from the state itself.
  public var parameterNames: [String]?

  /// The optimizer that kept the slots, for formats that keep them by number and have several meanings
  /// for one list; it chooses among those that fit, and the state's own word goes first.
  public var optimizer: OptimizerRecord?

  /// Whether numbers that reading itself needs are taken even where they no longer match their checksums: for whoever
  /// goes on to compare every tensor with its own.
  public var acceptsEdits = false

  /// Which of the state's optimizers is meant, where it has several; `nil` for all of them.
  public var optimizerName: String?

  /// Whether a state is of use whose optimizer's part cannot be read, and is left out; otherwise that is an error.
  public var parametersSuffice = false

  /// Describes the options.
  ///
  /// - Parameters:
  ///   - parameterNames: Names of the parameters in the optimizer's order.
  ///   - optimizer: The optimizer that kept the slots.
  ///   - optimizerName: Which of the state's optimizers is meant.
  public init(
    parameterNames: [String]? = nil,
    optimizer: OptimizerRecord? = nil,
    optimizerName: String? = nil
  ) {
    self.parameterNames = parameterNames
    self.optimizer = optimizer
    self.optimizerName = optimizerName
  }

  /// For whoever needs no more than the parameters.
  public static var parameters: ReadOptions {
    var options = ReadOptions()
    options.parametersSuffice = true
    return options
  }
}
