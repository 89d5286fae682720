internal import Tensors

/// The number of updates applied to the model as a whole.
public struct GlobalStep: Sendable {
  /// The number.
  public var value: Int64

  /// How the source keeps it; a writer of the same format writes it so again.
  public var record: StateTensor

  /// Describes the step.
  ///
  /// - Parameters:
  ///   - value: The number of updates applied.
  ///   - record: How the source keeps it.
  public init(_ value: Int64, record: StateTensor) {
    self.value = value
    self.record = record
  }

  /// A step as TensorFlow keeps it: a 64-bit scalar called `global_step`.
  ///
  /// - Parameter value: The number of updates applied.
  public init(_ value: Int64) {
    self.init(value, record: StateTensor("global_step", .scalar(value)))
  }

  /// The step as a tensor of the type that its record has.
  public var tensor: StateTensor {
    var copy = record
    copy.tensor = record.tensor.elementType == .int64 ? .scalar(value) : record.tensor
    return copy
  }
}
