internal import ByteIO
internal import Tensors
internal import TrainingState

/// Slots of an output that was opened again, and which of them hold what was to be written.
///
/// An output may call its variables otherwise, or by their numbers: slots are compared by their names, sizes and bytes.
package struct SlotReadBack: Sendable {
  /// A slot that was written.
  package struct Place: Sendable {
    let variable: String
    let slot: SlotName
  }

  /// What two slots that are the same have in common.
  private struct Look: Hashable {
    let slot: SlotName
    let size: Int
    let sum: CRC32C
  }

  /// How many variables have such slots.
  let variables: Int

  /// Variables of the output in all, without the numbers that stand for some of them once more.
  let variablesInAll: Int

  /// How many of each name.
  let slots: [SlotName: Int]

  /// Compares what was to be written with what is there; the slots are read.
  ///
  /// - Parameters:
  ///   - places: The slots.
  ///   - written: The state that was written.
  ///   - output: The output, opened again.
  /// - Throws: What reading throws.
  init(
    _ places: [Place],
    of written: TrainingState,
    in output: TrainingState
  ) throws {
    let output = output.whole
    let names = Set(places.map(\.slot))
    let found = output.variables.flatMap { variable in
      variable.slots.filter { names.contains($0.name) }.map { (owner: variable.name, slot: $0) }
    }
    let types = Dictionary(
      found.map { ($0.slot.name, Set([$0.slot.tensor.tensor.elementType])) },
      uniquingKeysWith: { $0.union($1) }
    )
    let own = Dictionary(
      written.whole.variables.map { (ExactName($0.name), $0) },
      uniquingKeysWith: { first, _ in first }
    )
    let wanted = places.compactMap { place -> (SlotName, Tensor)? in
      guard let tensor = own[ExactName(place.variable)]?[place.slot]?.tensor.tensor else {
        return nil
      }
      // A format of one precision keeps slots in that.
      guard let type = types[place.slot]?.first, types[place.slot]?.count == 1,
        type != tensor.elementType
      else { return (place.slot, tensor) }
      return (try? tensor.cast(to: type)).map { (place.slot, $0) }
    }
    var looks: [Look: Int] = [:]
    for look in try Self.looks(wanted) { looks[look, default: 0] += 1 }
    var owners: Set<ExactName> = []
    var slots: [SlotName: Int] = [:]
    let there = try Self.looks(found.map { ($0.slot.name, $0.slot.tensor.tensor) })
    for (look, one) in zip(there, found) {
      guard let left = looks[look], left > 0 else { continue }
      looks[look] = left - 1
      slots[look.slot, default: 0] += 1
      owners.insert(ExactName(one.owner))
    }
    variables = owners.count
    let valued = output.variables.count { $0.value != nil }
    variablesInAll = valued > 0 ? valued : output.variables.count
    self.slots = slots
  }

  private static func looks(_ slots: [(name: SlotName, tensor: Tensor)]) throws -> [Look] {
    let sums = try TensorPass.sums(slots.map { NamedTensor($0.name.rawValue, $0.tensor) })
    return zip(slots, sums).map { slot, sum in
      Look(slot: slot.name, size: slot.tensor.shape.elementCount, sum: sum)
    }
  }

  /// What a report says of slots that were written and are not there, `nil` where all are.
  ///
  /// - Parameter places: The slots that were written.
  /// - Returns: The sentence.
  func missing(of places: [Place]) -> String? {
    let count = places.count - slots.values.reduce(0, +)
    if count == 0 { return nil }
    return
      "\(count) of \(places.count) slots are not in the output as they were to be: its format holds "
      + "them in another way, or not at all"
  }
}
