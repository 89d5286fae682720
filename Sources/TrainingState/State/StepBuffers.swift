internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors

extension TrainingState {
  /// Attribute of a state from a format that Keras' optimizers share with others: the optimizer was
  /// one of Keras'.
  package static let keepsSteps = "tensorflow.keeps_steps"

  /// Whether momentum buffers hold steps, the rate of their time in them, rather than gradients.
  ///
  /// Where a state comes from decides, not its record, which anybody can replace: all of Keras'
  /// optimizers keep steps, and so does TensorFlow's own RMSProp.
  ///
  /// - Parameter kind: The rule's kind.
  /// - Returns: Whether they do.
  package func holdsSteps(_ kind: String) -> Bool {
    let said = optimizer?.hyperparameters ?? [:]
    return said["buffer"] == .string("step")
      || said["arithmetic"] == .string(Arithmetic.keras.rawValue)
      || origin.framework == .keras || attributes[Self.keepsSteps] == .bool(true)
      || origin.framework == .tensorFlow
        && OptimizerCatalog.description(of: kind)?.stepBuffers.contains(.tensorFlow) == true
  }
}
