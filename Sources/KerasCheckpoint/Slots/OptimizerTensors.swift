internal import Tensors
internal import TrainingState

/// A variable that an optimizer may keep slots for.
struct SlotOwner {
  /// Its name in the hub.
  let name: String
  let shape: Shape
  /// Whether training changes it, as far as names and configuration tell.
  let isTrainable: Bool
}

/// What an optimizer's list of tensors turned out to be.
struct OptimizerTensors {
  /// The counter of updates.
  var step: StateTensor?
  /// Tensors of the optimizer as a whole, such as its learning rate.
  var scalars: [StateTensor] = []
  /// Slots and the number of the variable that each belongs to.
  var slots: [(owner: Int, slot: Slot)] = []
  /// Tensors that stand for a slot that is not kept.
  var placeholders: [StateTensor] = []

  /// Puts a slot with its owner under the hub's name for it.
  mutating func add(_ tensor: StateTensor, as name: SlotName, of owner: SlotOwner, at place: Int) {
    var renamed = tensor
    renamed.name = "\(owner.name)/\(name)"
    slots.append((place, Slot(name, renamed)))
  }

  /// Adds a tensor of the optimizer as a whole, under a name where the file has a number alone.
  mutating func add(_ tensor: StateTensor, asScalar name: String) {
    var named = tensor
    if Int(KerasNames.components(tensor.name).last ?? "") != nil {
      named.name = "optimizer/\(name)"
    }
    scalars.append(named)
  }

  /// The slots' names in the order of the list.
  var names: [SlotName] { slots.map(\.slot.name) }

  /// The slots' owners in the order of the list.
  var owners: [Int] { slots.map(\.owner) }

  /// The same pairs, those that other readings name otherwise under names that say no more than their
  /// order.
  ///
  /// - Parameters:
  ///   - others: Readings that fit as well, with the same owners.
  ///   - owners: The model's variables.
  /// - Returns: The pairs.
  func numbered(against others: [OptimizerTensors], _ owners: [SlotOwner]) -> OptimizerTensors {
    var copy = self
    copy.slots = []
    var counts: [Int: Int] = [:]
    for (index, (place, slot)) in slots.enumerated() {
      counts[place, default: 0] += 1
      let isKnown = others.allSatisfy { $0.slots[index].slot.name == slot.name }
      let name = isKnown ? slot.name : .unknown(at: counts[place, default: 1])
      copy.add(slot.tensor, as: name, of: owners[place], at: place)
    }
    return copy
  }
}
