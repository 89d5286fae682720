internal import OptimizerCore
internal import Tensors
public import TrainingState

/// A variable given more rows, as a larger vocabulary needs, or fewer.
///
/// The slots grow with it: their new rows are what a slot is before the first update, and their history
/// says that they have seen none.
public struct Resizing: Sendable {
  /// What the new rows of the variable hold.
  public enum Fill: Sendable, Hashable {
    /// Zeros.
    case zero
    /// In every row the mean of the old ones.
    case mean
    /// Normally distributed numbers.
    case normal(deviation: Double, seed: UInt64)
  }

  /// Rows that the variables shall have.
  public var rows: Int

  /// What the new rows hold.
  public var fill: Fill

  /// Whether rows may be cut off.
  public var allowsShrinking: Bool

  /// Describes a resizing.
  ///
  /// - Parameters:
  ///   - rows: Rows that the variables shall have.
  ///   - fill: What the new rows hold.
  ///   - allowsShrinking: Whether rows may be cut off.
  public init(rows: Int, fill: Fill = .zero, allowsShrinking: Bool = false) {
    self.rows = rows
    self.fill = fill
    self.allowsShrinking = allowsShrinking
  }

  /// Resizes variables; data is read where it is written, and before that for the mean.
  ///
  /// - Parameters:
  ///   - state: The state.
  ///   - isSelected: Chooses variables by name; all of them must have the same number of rows.
  /// - Returns: The changed state and the number of rows before.
  /// - Throws: `StateError` with code `unsupported` when nothing is selected, a variable has no rows,
  ///   other rows than the first, or more than it shall have; `invalidArgument` for negative rows.
  public func apply(
    to state: TrainingState,
    isSelected: (String) -> Bool
  ) throws -> (state: TrainingState, rowsBefore: Int) {
    guard rows >= 0 else {
      throw StateError(.invalidArgument, "a variable cannot have \(rows) rows")
    }
    try state.refuseUnreadOptimizers()
    let places = state.variables.indices.filter { isSelected(state.variables[$0].name) }
    guard let first = places.first else {
      throw StateError(.unsupported, "no variable is selected")
    }
    let before = try rowCount(state.variables[first])
    let optimizer = try ResolvedOptimizer(state)
    var copy = state
    for place in places {
      let variable = state.variables[place]
      let count = try rowCount(variable)
      guard count == before else {
        throw StateError(
          .unsupported,
          "the variable has other rows than \(state.variables[first].name)",
          tensor: variable.name,
          expected: "\(before)",
          found: "\(count)"
        )
      }
      guard rows >= count || allowsShrinking else {
        throw StateError(
          .unsupported,
          "the variable has more rows than it shall have",
          tensor: variable.name,
          expected: "at most \(rows)",
          found: "\(count)",
          remedy: "pass --force to cut off the last ones"
        )
      }
      copy.variables[place] = try resize(variable, from: count, in: state, optimizer)
    }
    return (copy, before)
  }

  private func rowCount(_ variable: Variable) throws -> Int {
    guard let rows = variable.value?.tensor.shape.dimensions.first else {
      throw StateError(.unsupported, "the variable has no rows", tensor: variable.name)
    }
    return rows
  }

  private func resize(
    _ variable: Variable,
    from before: Int,
    in state: TrainingState,
    _ optimizer: ResolvedOptimizer
  ) throws -> Variable {
    var copy = variable
    if let value = variable.value {
      copy.value = try resized(value, of: variable.name) { try RowFilling(fill).rows($0, $1) }
    }
    for (place, slot) in variable.slots.enumerated() {
      let name = "\(variable.name)/\(slot.name)"
      guard follows(slot, variable, rows: before) else { continue }
      copy.slots[place].tensor = try resized(slot.tensor, of: name) { old, shape in
        let beginning = try SlotBeginning(slot, of: variable, in: state, optimizer, declared: nil)
        switch beginning {
        case .number(let number): return try Tensor.constant(number, old.elementType, shape)
        case .value: return try RowFilling(fill).rows(old, shape)
        }
      }
      guard rows != before, let count = state.count(of: variable) else { continue }
      let kept = slot.history.stretches.filter {
        $0.firstRow == 0 || $0.firstRow < min(rows, before)
      }
      let new = rows > before ? [SlotHistory.Stretch(firstRow: before, start: count)] : []
      copy.slots[place].history = SlotHistory(before == 0 ? new : kept + new) ?? slot.history
    }
    return copy
  }

  /// Whether a slot has the variable's rows: Adafactor's means over them have not.
  private func follows(_ slot: Slot, _ variable: Variable, rows: Int) -> Bool {
    let shape = slot.tensor.tensor.shape
    let isMeanOverRows = slot.name == .factoredColumn && variable.value?.tensor.shape.rank == 2
    return shape.dimensions.first == rows && !isMeanOverRows
  }

  private func resized(
    _ tensor: StateTensor,
    of name: String,
    _ fill: (Tensor, Shape) throws -> Tensor
  ) throws -> StateTensor {
    do {
      let old = tensor.tensor
      let rest = Array(old.shape.dimensions.dropFirst())
      let before = old.shape.dimensions[0]
      func block(_ start: Int, _ count: Int, in shape: Shape) throws -> TensorBlock {
        try TensorBlock(
          starts: [start] + rest.map { _ in 0 },
          lengths: [count] + rest,
          in: shape
        )
      }
      var copy = tensor
      // Places of slices in a sliced tensor do not fit another shape.
      copy.attributes = tensor.attributes.filter { !$0.key.hasSuffix(".slices") }
      let shape = try Shape([rows] + rest)
      if rows <= before {
        copy.tensor = try old.slice(try block(0, rows, in: old.shape))
      } else {
        let more = rows - before
        copy.tensor = try Tensor.assemble(
          old.elementType,
          shape,
          from: [
            (try block(0, before, in: shape), old),
            (try block(before, more, in: shape), try fill(old, try Shape([more] + rest))),
          ]
        )
      }
      return copy
    } catch let error as StateError {
      throw error.inContext(tensor: name)
    }
  }
}
