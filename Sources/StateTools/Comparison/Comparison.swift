public import ByteIO
internal import OptimizerCore
public import StateConversion
internal import Tensors
public import TrainingState

/// Two states side by side, matched by variable and slot.
public struct Comparison: Sendable {
  /// One of the two states.
  struct Input: Sendable {
    let path: String
    let format: String
    let state: TrainingState

    init(_ path: String, _ options: ReadOptions) throws {
      self.path = path
      (state, format) = try StateFormats.open(path, options: options)
    }
  }

  /// What a pass over two pieces finds.
  private struct Piece {
    var difference = ElementDifference()
    var distance: TensorDistance?

    mutating func add(_ other: Piece) {
      difference.add(other.difference)
      guard let more = other.distance else { return }
      if distance == nil { distance = more } else { distance?.add(more) }
    }
  }

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

  /// Variables that either state has, those that both have once.
  public var variableCount: Int { variables.count }

  /// Variables that differ, themselves or in a slot.
  public var differingCount: Int {
    variables.intersection(differences.compactMap(\.variable).map(ExactName.init)).count
  }

  private var variables: Set<ExactName> = []

  /// How far each tensor of both states' variables is apart, in the order of the first one; empty where nobody asked.
  private(set) var distances: [(variable: String, slot: String?, distance: TensorDistance)] = []

  /// The states as they were opened.
  let inputs: (first: Input, second: Input)

  /// What stands before all names of one state and not of the other, and is left out in comparing.
  public private(set) var prefix: CommonPrefix?

  private var pairs: [Pair] = []

  /// Compares two states, reading both in one pass.
  ///
  /// - Parameters:
  ///   - first: A file, a directory or a prefix.
  ///   - second: Another.
  ///   - naming: The names by which variables are matched; `NamingChoice/automatic` gives the second
  ///     state those of the first where both are known.
  ///   - readOptions: What the files themselves do not say.
  ///   - tolerance: What counts as equal; by default only equal bits.
  ///   - isSelected: Whether a variable takes part, by its name in the first state, or in the second where only that one has
  ///     it. Steps, records and other tensors take part where all variables do.
  ///   - progress: Told of the bytes done.
  /// - Throws: `StateError` when either cannot be read or is damaged.
  /// - Complexity: O(bytes) time.
  public init(
    _ first: String,
    _ second: String,
    naming: NamingChoice = .automatic,
    readOptions: ReadOptions = ReadOptions(),
    tolerance: Tolerance = .ulp(0),
    isSelected: ((String) -> Bool)? = nil,
    progress: (@Sendable (Int, Int) throws -> Void)? = nil
  ) throws {
    try self.init(
      (Input(first, readOptions), Input(second, readOptions)),
      naming,
      tolerance,
      isSelected,
      isMeasured: false,
      progress
    )
  }

  /// Compares two states that are open, and measures how far they are apart where that is asked for.
  init(
    _ inputs: (first: Input, second: Input),
    _ naming: NamingChoice,
    _ tolerance: Tolerance,
    _ isSelected: ((String) -> Bool)?,
    isMeasured: Bool,
    _ progress: TensorPass.Progress?
  ) throws {
    self.inputs = inputs
    var (one, other) = try Self.renamed(inputs.first.state, inputs.second.state, naming)
    if case .automatic = naming {
      prefix = CommonPrefix(one.variables.map(\.name), other.variables.map(\.name))
      if let prefix {
        if prefix.isOfFirst { prefix.remove(from: &one) } else { prefix.remove(from: &other) }
      }
    }
    if let isSelected {
      one.variables.removeAll { !isSelected($0.name) }
      other.variables.removeAll { !isSelected($0.name) }
    }
    variables = Set((one.variables + other.variables).map { ExactName($0.name) })
    compareVariables(one, other)
    if isSelected == nil {
      differences = RecordComparison.differences(one, other) + differences
      // What a format keeps beside variables and slots has no counterpart in another format.
      let isOneFormat = one.origin == other.origin
      compareOthers(
        one.optimizerTensors + one.extras,
        other.optimizerTensors + other.extras,
        commonOnly: !isOneFormat
      )
    }
    try compareElements(tolerance, isMeasured, progress)
  }

  /// Both states by names of one convention.
  private static func renamed(
    _ one: TrainingState,
    _ other: TrainingState,
    _ naming: NamingChoice
  ) throws -> (TrainingState, TrainingState) {
    guard case .automatic = naming else {
      return (try one.naming(naming), try other.naming(naming))
    }
    guard let target = one.naming, let source = other.naming, source != target else {
      return (one, other)
    }
    return (one, try other.naming(.convention(target)))
  }

  /// The report as `diff --json` prints it.
  public var json: JSONValue {
    .object([
      "differences": .array(differences.map(\.json)), "prefix": JSONValue(prefix?.text),
    ])
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

  private mutating func compareOthers(
    _ one: [StateTensor],
    _ other: [StateTensor],
    commonOnly: Bool
  ) {
    func byName(_ tensors: [StateTensor]) -> [ExactName: Tensor] {
      Dictionary(tensors.map { (ExactName($0.name), $0.tensor) }) { first, _ in first }
    }
    let (firsts, seconds) = (byName(one), byName(other))
    for tensor in one {
      let counterpart = seconds[ExactName(tensor.name)]
      if commonOnly, counterpart == nil { continue }
      match(tensor.name, nil, tensor.tensor, counterpart)
    }
    for tensor in other where !commonOnly && firsts[ExactName(tensor.name)] == nil {
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
    _ isMeasured: Bool,
    _ progress: TensorPass.Progress?
  ) throws {
    let pairs = pairs
    let measured = pairs.map {
      isMeasured && $0.first.elementType.isFloatingPoint
        && variables.contains(ExactName($0.variable))
    }
    let groups = pairs.map { [NamedTensor($0.name, $0.first), NamedTensor($0.name, $0.second)] }
    let results = try unsafe TensorPass.mapGroups(groups, progress: progress) {
      index,
      start,
      parts in
      let (one, other) = unsafe (parts[0], parts[1])
      let type = pairs[index].first.elementType
      var piece = Piece()
      if measured[index] { piece.distance = try unsafe TensorDistance(one, other, type) }
      if unsafe !one.hasSameBytes(as: other) {
        piece.difference = unsafe ElementDifference(
          one,
          other,
          type,
          start: start,
          tolerance: tolerance
        )
      }
      return piece
    }
    for ((pair, group), result) in zip(zip(pairs, groups), results) {
      for (tensor, sum) in zip(group, result.sums) { try TensorPass.check(tensor, sum) }
      let whole = result.pieces.reduce(into: Piece()) { $0.add($1) }
      if whole.difference.count > 0 { report(pair, whole.difference) }
      if let distance = whole.distance { distances.append((pair.variable, pair.slot, distance)) }
    }
  }

  private mutating func report(_ pair: Pair, _ difference: ElementDifference) {
    let total = pair.first.shape.elementCount
    // Where elements differ in length, bytes were compared.
    let isCounted = pair.first.elementType.byteWidth != nil
    var entry = Difference(
      .value,
      variable: pair.variable,
      slot: pair.slot,
      isCounted ? "\(difference.count) of \(total) elements differ" : "the elements differ"
    )
    entry.elements = isCounted ? difference.count : nil
    // Bytes are text, codes of a quantized slot or flags: how far two are apart says nothing.
    if ![.uint8, .bool].contains(pair.first.elementType) {
      entry.largestULP = difference.largestULP
      entry.largestRelative = difference.largestRelative
    }
    if isCounted, var rest = difference.place {
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
