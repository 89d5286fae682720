public import ByteIO
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// Two states side by side, matched by variable and slot.
public struct Comparison: Sendable {
  /// A tensor that both states have, in equal type and shape.
  private struct Pair {
    let variable: String
    let slot: String?
    let first: Tensor
    let second: Tensor

    var name: String { slot.map { "\(variable)/\($0)" } ?? variable }
  }

  /// In what they differ, none for equal states.
  public private(set) var differences: [Difference] = []

  private var pairs: [Pair] = []

  /// Compares two states, reading both in one pass.
  ///
  /// - Parameters:
  ///   - first: A file, a directory or a prefix.
  ///   - second: Another.
  ///   - tolerance: What counts as equal; by default only equal bits.
  ///   - progress: Told of the bytes done.
  /// - Throws: `StateError` when either cannot be read or is damaged.
  /// - Complexity: O(bytes) time.
  public init(
    _ first: String,
    _ second: String,
    tolerance: Tolerance = .ulp(0),
    progress: (@Sendable (Int, Int) -> Void)? = nil
  ) throws {
    let (one, other) = (try StateFormats.open(first).state, try StateFormats.open(second).state)
    compareRecords(one, other)
    compareVariables(one, other)
    compareOthers(one.optimizerTensors + one.extras, other.optimizerTensors + other.extras)
    try compareElements(tolerance, progress)
  }

  /// The report as `diff --json` prints it.
  public var json: JSONValue {
    .object(["differences": .array(differences.map(\.json))])
  }

  private mutating func compareRecords(_ one: TrainingState, _ other: TrainingState) {
    func text(_ step: Int64?) -> String { step.map(String.init) ?? "none" }
    if one.globalStep?.value != other.globalStep?.value {
      let (before, after) = (text(one.globalStep?.value), text(other.globalStep?.value))
      differences.append(Difference(.step, "the global step is \(before) and \(after)"))
    }
    if one.schedule != other.schedule {
      let (before, after) = (one.schedule?.description, other.schedule?.description)
      differences.append(
        Difference(.schedule, "the schedule is \(before ?? "none") and \(after ?? "none")")
      )
    }
    if one.optimizer != other.optimizer {
      let (before, after) = (one.optimizer?.description, other.optimizer?.description)
      differences.append(
        Difference(.hyperparameters, "the optimizer is \(before ?? "none") and \(after ?? "none")")
      )
    }
  }

  private mutating func compareVariables(_ one: TrainingState, _ other: TrainingState) {
    let counterparts = Dictionary(
      other.variables.map { (ExactName($0.name), $0) },
      uniquingKeysWith: { first, _ in first }
    )
    for variable in one.variables {
      guard let counterpart = counterparts[ExactName(variable.name)] else {
        differences.append(
          Difference(.missing, variable: variable.name, "only the first state has it")
        )
        continue
      }
      if let step = variable.step, let its = counterpart.step, step != its {
        differences.append(
          Difference(.step, variable: variable.name, "its step is \(step) and \(its)")
        )
      }
      match(variable.name, nil, variable.value?.tensor, counterpart.value?.tensor)
      let slots = variable.slots.map(\.name)
      for slot in slots + counterpart.slots.map(\.name).filter({ !slots.contains($0) }) {
        match(
          variable.name,
          slot.rawValue,
          variable[slot]?.tensor.tensor,
          counterpart[slot]?.tensor.tensor
        )
      }
    }
    let names = Set(one.variables.map { ExactName($0.name) })
    for variable in other.variables where !names.contains(ExactName(variable.name)) {
      differences.append(
        Difference(.extra, variable: variable.name, "only the second state has it")
      )
    }
  }

  private mutating func compareOthers(_ one: [StateTensor], _ other: [StateTensor]) {
    for tensor in one {
      match(
        tensor.name,
        nil,
        tensor.tensor,
        other.first { ExactName($0.name) == ExactName(tensor.name) }?.tensor
      )
    }
    for tensor in other where !one.contains(where: { ExactName($0.name) == ExactName(tensor.name) })
    {
      match(tensor.name, nil, nil, tensor.tensor)
    }
  }

  private mutating func match(_ variable: String, _ slot: String?, _ one: Tensor?, _ other: Tensor?)
  {
    switch (one, other) {
    case (nil, nil): break
    case (_?, nil):
      differences.append(
        Difference(.missing, variable: variable, slot: slot, "only the first state has it")
      )
    case (nil, _?):
      differences.append(
        Difference(.extra, variable: variable, slot: slot, "only the second state has it")
      )
    case (let one?, let other?):
      if one.elementType != other.elementType {
        let message =
          "the element type is \(one.elementType.rawValue) and \(other.elementType.rawValue)"
        differences.append(Difference(.type, variable: variable, slot: slot, message))
      } else if one.shape != other.shape {
        let message = "the shape is \(one.shape) and \(other.shape)"
        differences.append(Difference(.shape, variable: variable, slot: slot, message))
      } else if one.byteCount != other.byteCount {
        let message =
          "\(one.byteCount) and \(other.byteCount) bytes of \(one.elementType.rawValue)s"
        differences.append(Difference(.value, variable: variable, slot: slot, message))
      } else {
        pairs.append(Pair(variable: variable, slot: slot, first: one, second: other))
      }
    }
  }

  private mutating func compareElements(
    _ tolerance: Tolerance,
    _ progress: TensorPass.Progress?
  ) throws {
    let pairs = pairs
    let tensors = pairs.map { NamedTensor($0.name, $0.first) }
    let results = try unsafe TensorPass.map(tensors, progress: progress) { index, offset, bytes in
      let pair = pairs[index]
      let buffer = WorkBuffer(byteCount: max(bytes.count, 1))
      let part = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<bytes.count])
      try unsafe pair.second.read(into: part, at: offset)
      let other = UnsafeRawBufferPointer(part)
      var sum = CRC32C()
      unsafe sum.add(other)
      let isEqual = unsafe other.hasSameBytes(as: bytes)
      let difference =
        isEqual
        ? ElementDifference()
        : unsafe ElementDifference(
          bytes,
          other,
          pair.first.elementType,
          start: offset / (pair.first.elementType.byteWidth ?? 1),
          tolerance: tolerance
        )
      return (sum: sum, count: bytes.count, difference: difference)
    }
    for (pair, result) in zip(pairs, results) {
      try TensorPass.check(NamedTensor(pair.name, pair.first), result.sum)
      var sum = CRC32C()
      var difference = ElementDifference()
      for piece in result.pieces {
        sum.add(piece.sum, count: piece.count)
        difference.add(piece.difference)
      }
      try TensorPass.check(NamedTensor(pair.name, pair.second), sum)
      if difference.count > 0 { report(pair, difference) }
    }
  }

  private mutating func report(_ pair: Pair, _ difference: ElementDifference) {
    let total = pair.first.shape.elementCount
    var entry = Difference(
      .value,
      variable: pair.variable,
      slot: pair.slot,
      "\(difference.count) of \(total) elements differ"
    )
    entry.elements = difference.count
    entry.largestULP = difference.largestULP
    entry.largestRelative = difference.largestRelative
    if pair.first.elementType.byteWidth != nil, var rest = difference.place {
      var index: [Int] = []
      for dimension in pair.first.shape.dimensions.reversed() {
        index.insert(rest % dimension, at: 0)
        rest /= dimension
      }
      entry.index = index
    }
    differences.append(entry)
  }
}
