public import Tensors

/// A parameter of the model and what the optimizer keeps for it.
public struct Variable: Sendable {
  /// Its name.
  public var name: String

  /// Its own value, `nil` where the source holds slots for it and nothing else.
  public var value: StateTensor?

  /// What the optimizer keeps for it, in the source's order.
  public var slots: [Slot]

  /// Updates applied to it, where the source counts per variable or a reset has set it apart.
  public var step: Int64?

  /// Describes a variable.
  ///
  /// - Parameters:
  ///   - name: Its name.
  ///   - value: Its own value.
  ///   - slots: What the optimizer keeps for it.
  ///   - step: Updates applied to it, where they are counted per variable.
  public init(_ name: String, value: StateTensor?, slots: [Slot] = [], step: Int64? = nil) {
    self.name = name
    self.value = value
    self.slots = slots
    self.step = step
  }

  /// A slot by name.
  ///
  /// - Parameter name: The slot's canonical name.
  public subscript(_ name: SlotName) -> Slot? {
    slots.first { $0.name == name }
  }
}
