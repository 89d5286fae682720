public import Tensors

/// A tensor that a rule keeps beside a variable from step to step.
public struct SlotDefinition: Sendable, Hashable {
  /// The slot's name in the native layout.
  public let name: SlotName

  /// Its shape.
  public let shape: Shape

  /// Whether it is one number for the whole variable, in `float32` whatever the type of the others.
  public let isNumber: Bool

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
    isNumber = false
    self.initialValue = initialValue
  }

  /// Describes a slot that is one number for the whole variable.
  ///
  /// - Parameters:
  ///   - name: The slot's name.
  ///   - initialValue: What it is before the first update.
  public init(number name: SlotName, initialValue: Double) {
    self.name = name
    shape = .scalar
    isNumber = true
    self.initialValue = initialValue
  }
}
