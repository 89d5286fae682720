internal import Tensors
internal import TrainingState

/// The list of an optimizer that is in no entry: what its shapes, and nothing else, prove.
///
/// Whoever writes an optimizer of their own adds its slots slot by slot or variable by variable, each in its variable's
/// shape; single numbers may stand between them.
struct UnknownList {
  private let tensors: [StateTensor]
  private let rate: StateTensor?
  /// Numbers of the tensors that may be slots.
  private let slots: [Int]

  /// Takes a list apart.
  ///
  /// - Parameters:
  ///   - tensors: The tensors behind the step counter, in order.
  ///   - hasRate: Whether the learning rate comes first.
  ///   - hasScalarOwners: Whether a single number behind it may be a variable's slot.
  init(_ tensors: [StateTensor], hasRate: Bool, hasScalarOwners: Bool) {
    let first = hasRate && tensors.first?.tensor.shape == .scalar ? 1 : 0
    self.tensors = tensors
    rate = tensors.prefix(first).first
    slots = tensors.indices.dropFirst(first).filter {
      hasScalarOwners || tensors[$0].tensor.shape.rank > 0
    }
  }

  /// The variables' shapes that the list may show, in either order and for any number of slots.
  var patterns: [ListPattern] {
    let shapes = slots.map { tensors[$0].tensor.shape }
    var found: [ListPattern] = []
    for width in 1...max(1, shapes.count) where shapes.count % width == 0 {
      let count = shapes.count / width
      let bySlot = Array(shapes.prefix(count))
      let byVariable = stride(from: 0, to: shapes.count, by: width).map { shapes[$0] }
      let readings = [(bySlot, { $0 % count }), (byVariable, { $0 / width })]
      for (owners, owner) in readings as [([Shape], (Int) -> Int)] {
        let pattern = ListPattern(shapes: owners, section: nil)
        let isWhole = shapes.indices.allSatisfy { shapes[$0] == owners[owner($0)] }
        if isWhole, !found.contains(pattern) { found.append(pattern) }
      }
    }
    return found
  }

  /// The pairs, `nil` where the shapes are not those of the variables, or fit both orders.
  ///
  /// - Parameters:
  ///   - trained: Numbers of the variables that have slots, in order.
  ///   - owners: All variables.
  /// - Returns: The pairs, or `nil`.
  func pairs(_ trained: [Int], of owners: [SlotOwner]) -> OptimizerTensors? {
    let count = trained.count
    guard count > 0, slots.count >= count, slots.count % count == 0 else { return nil }
    let width = slots.count / count
    let readings = [{ $0 % count }, { $0 / width }].map { (owner: (Int) -> Int) in
      slots.indices.map { trained[owner($0)] }
    }
    let fitting = Set(readings).filter { reading in
      zip(reading, slots).allSatisfy { owners[$0].shape == tensors[$1].tensor.shape }
    }
    guard fitting.count == 1, let reading = fitting.first else { return nil }
    var result = OptimizerTensors()
    let others = Set(tensors.indices.dropFirst(rate == nil ? 0 : 1)).subtracting(slots)
    if let rate { result.add(rate, asScalar: "learning_rate") }
    result.scalars += others.sorted().map { tensors[$0] }
    var counts: [Int: Int] = [:]
    for (place, slot) in zip(reading, slots) {
      counts[place, default: 0] += 1
      let name = SlotName.unknown(at: counts[place, default: 1])
      result.add(tensors[slot], as: name, of: owners[place], at: place)
    }
    return result
  }
}
