public import Tensors

/// A tensor that a rule keeps beside a variable from step to step.
public struct SlotDefinition: Sendable, Hashable {
  /// The slot's name in the native layout.
  public let name: SlotName

  /// Its shape.
  public let shape: Shape

  /// What its elements are before the first update.
  public let initialValue: Double

  /// Describes a slot.
  ///
  /// - Parameters:
  ///   - name: The slot's name.
  ///   - shape: Its shape.
  ///   - initialValue: What its elements are before the first update.
  public init(_ name: SlotName, _ shape: Shape, initialValue: Double = 0) {
    self.name = name
    self.shape = shape
    self.initialValue = initialValue
  }
}
