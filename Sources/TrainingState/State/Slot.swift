public import Tensors

/// A tensor that the optimizer keeps for one variable.
public struct Slot: Sendable {
  /// What it is, in the vocabulary of the hub.
  public var name: SlotName

  /// Its data and what the source called it.
  public var tensor: StateTensor

  /// Describes a slot.
  ///
  /// - Parameters:
  ///   - name: What it is.
  ///   - tensor: Its data and what the source called it.
  public init(_ name: SlotName, _ tensor: StateTensor) {
    self.name = name
    self.tensor = tensor
  }
}
