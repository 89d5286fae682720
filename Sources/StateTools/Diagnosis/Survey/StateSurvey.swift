internal import ByteIO
internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// The numbers of a state, read in one pass.
struct StateSurvey: Sendable {
  /// Tensors of one variable that are read side by side.
  private struct Group {
    let variable: Int
    /// `nil` is the variable's own value.
    let slots: [SlotName?]
    let tensors: [NamedTensor]
    let limits: MomentLimits?
    let rowLength: Int
  }

  private struct Piece {
    var tensors: [TensorSurvey]
    var moments: MomentSurvey?
    var sketch: DifferenceSketch?
  }

  /// The state.
  let state: TrainingState

  /// Its variables' surveys, in their order.
  private(set) var variables: [VariableSurvey]

  /// Its optimizer.
  let optimizer: ResolvedOptimizer

  /// The decays of its moments.
  let decays: SurveyedDecays

  /// Tensors that were read.
  let tensorCount: Int

  /// Reads a state.
  ///
  /// - Parameters:
  ///   - state: The state.
  ///   - epsilon: Asks for histograms of the moments, with this number guarding their division.
  ///   - withSketches: Whether values are folded, so that what moved until another state can be told.
  ///   - progress: Told of the bytes done.
  /// - Throws: `StateError` when a source fails or does not match its checksum.
  init(
    _ state: TrainingState,
    epsilon: Float? = nil,
    withSketches: Bool = false,
    progress: TensorPass.Progress? = nil
  ) throws {
    self.state = state
    optimizer = try ResolvedOptimizer(state)
    let decays = SurveyedDecays(state, optimizer)
    self.decays = decays
    let groups = state.variables.indices.flatMap { Self.groups(state.variables[$0], $0, decays) }
    tensorCount = groups.reduce(0) { $0 + $1.tensors.count }
    variables = state.variables.map { _ in VariableSurvey() }
    let results = try unsafe TensorPass.mapGroups(groups.map(\.tensors), progress: progress) {
      index,
      first,
      parts in
      try unsafe Self.piece(groups[index], first, parts, epsilon, withSketches)
    }
    for (group, result) in zip(groups, results) {
      for (tensor, sum) in zip(group.tensors, result.sums) { try TensorPass.check(tensor, sum) }
      add(group, result.pieces)
    }
  }

  private mutating func add(_ group: Group, _ pieces: [Piece]) {
    for (place, slot) in group.slots.enumerated() {
      let survey = pieces.reduce(into: TensorSurvey()) { $0.add($1.tensors[place]) }
      if let slot {
        variables[group.variable].slots[slot] = survey
      } else {
        variables[group.variable].value = survey
      }
    }
    if let first = pieces.first?.sketch {
      variables[group.variable].sketch = pieces.dropFirst().reduce(into: first) { whole, piece in
        if let sketch = piece.sketch { whole.add(sketch) }
      }
    }
    guard group.limits != nil else { return }
    variables[group.variable].moments = pieces.reduce(
      into: MomentSurvey(rowLength: group.rowLength)
    ) { whole, piece in
      if let moments = piece.moments { whole.add(moments) }
    }
  }

  private static func groups(_ variable: Variable, _ index: Int, _ decays: SurveyedDecays)
    -> [Group]
  {
    func named(_ slot: SlotName?, _ tensor: Tensor) -> NamedTensor {
      NamedTensor(slot.map { "\(variable.name)/\($0)" } ?? variable.name, tensor)
    }
    func single(_ slot: SlotName?, _ tensor: Tensor) -> Group? {
      guard tensor.elementType.isFloatingPoint else { return nil }
      return Group(
        variable: index,
        slots: [slot],
        tensors: [named(slot, tensor)],
        limits: nil,
        rowLength: 0
      )
    }
    var groups = [variable.value.flatMap { single(nil, $0.tensor) }].compactMap(\.self)
    var slots = variable.slots
    if let m = variable[.firstMoment]?.tensor.tensor,
      let v = variable[.secondMoment]?.tensor.tensor,
      m.elementType.isFloatingPoint, v.elementType.isFloatingPoint, m.shape == v.shape,
      decays.belongTogether(in: variable)
    {
      slots.removeAll { $0.name == .firstMoment || $0.name == .secondMoment }
      groups.append(
        Group(
          variable: index,
          slots: [.firstMoment, .secondMoment],
          tensors: [named(.firstMoment, m), named(.secondMoment, v)],
          limits: decays.limits(of: variable, m.elementType, v.elementType),
          rowLength: m.shape.rank < 2 ? 0 : m.shape.dimensions.dropFirst().reduce(1, *)
        )
      )
    }
    return groups + slots.compactMap { single($0.name, $0.tensor.tensor) }
  }

  private static func piece(
    _ group: Group,
    _ first: Int,
    _ parts: [UnsafeRawBufferPointer],
    _ epsilon: Float?,
    _ withSketches: Bool
  ) throws -> Piece {
    let types = group.tensors.map(\.tensor.elementType)
    func survey(_ place: Int, _ bytes: UnsafeRawBufferPointer) -> TensorSurvey {
      let isSquare = group.slots[place].flatMap(SlotDescription.of)?.isNeverNegative ?? false
      return unsafe TensorSurvey(
        bytes,
        first: first,
        isSquare: isSquare,
        withSums: epsilon != nil
      )
    }
    return try unsafe FloatElements.with(parts[0], types[0]) { one in
      guard let limits = group.limits else {
        let isValue = group.slots[0] == nil
        return unsafe Piece(
          tensors: [survey(0, one)],
          sketch: withSketches && isValue ? DifferenceSketch(one, first: first) : nil
        )
      }
      return try unsafe FloatElements.with(parts[1], types[1]) { other in
        unsafe Piece(
          tensors: [survey(0, one), survey(1, other)],
          moments: MomentSurvey(
            one,
            other,
            first: first,
            rowLength: group.rowLength,
            limits: limits,
            epsilon: epsilon
          )
        )
      }
    }
  }
}
