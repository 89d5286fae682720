public import Tensors

/// A tensor that the optimizer keeps for one variable.
public struct Slot: Sendable {
  /// What it is, in the vocabulary of the hub.
  public var name: SlotName

  /// Its data and what the source called it.
  public var tensor: StateTensor

  /// When it was last at its initial value, and whether a correction is folded into it.
  public var history: SlotHistory

  /// Describes a slot.
  ///
  /// - Parameters:
  ///   - name: What it is.
  ///   - tensor: Its data and what the source called it.
  ///   - history: When it was last at its initial value.
  public init(_ name: SlotName, _ tensor: StateTensor, history: SlotHistory = SlotHistory()) {
    self.name = name
    self.tensor = tensor
    self.history = history
  }
}

extension Slot {
  /// The tensors that keep the slot, by names that begin with its own: one, or the parts of one in eight bits.
  package func kept(_ name: String) -> [StateTensor] {
    guard let quantization = tensor.tensor.quantization else { return [tensor.named(name)] }
    return quantization.parts.map { StateTensor("\(name)/\($0.name)", $0.tensor) }
  }

  /// Bytes of the tensors that keep the slot.
  package var keptByteCount: Int {
    guard let quantization = tensor.tensor.quantization else { return tensor.tensor.byteCount }
    return quantization.parts.reduce(0) { $0 + $1.tensor.byteCount }
  }
}
