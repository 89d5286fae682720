internal import ByteIO
internal import StateConversion
internal import Tensors
public import TrainingState

/// Several states of one model averaged, element by element.
public enum Averaging {
  /// Averages states; the means are computed while they are written.
  ///
  /// Sums are formed in `Double`, in the order of the states, and rounded once. Tensors that are no
  /// floating-point numbers are the last state's, where "last" is the one with the highest step.
  ///
  /// - Parameters:
  ///   - states: At least two states with the same variables.
  ///   - withSlots: Whether slots are averaged as well; then steps, records and what else the state
  ///     has are the last state's. Otherwise parameters are all that is left.
  ///   - note: Told of what to mind, a sentence each.
  /// - Returns: The average.
  /// - Throws: `StateError` with code `malformed` when names, types or shapes differ,
  ///   `invalidArgument` for fewer than two states.
  public static func average(
    _ states: [TrainingState],
    withSlots: Bool = false,
    note: ((String) -> Void)? = nil
  ) throws -> TrainingState {
    guard states.count > 1 else {
      throw StateError(.invalidArgument, "an average needs at least two states")
    }
    if withSlots { for state in states { try state.refuseUnreadOptimizers() } }
    let steps = states.map { $0.globalStep?.value ?? .min }
    let last = steps.indices.max { (steps[$0], $0) < (steps[$1], $1) } ?? 0
    let tables = try states.map(table)
    let names = Set(tables[last].keys)
    for table in tables {
      guard let odd = names.symmetricDifference(table.keys).min() else { continue }
      throw StateError(.malformed, "the variable is not in all states", tensor: odd.text)
    }
    var copy = states[last].taking(withSlots ? .all : .parameters)
    for (place, variable) in copy.variables.enumerated() {
      let all = tables.compactMap { $0[ExactName(variable.name)] }
      if let value = variable.value {
        copy.variables[place].value?.tensor = try mean(
          try all.map { try tensor($0.value, variable.name) },
          of: variable.name,
          else: value.tensor
        )
      }
      for (index, slot) in variable.slots.enumerated() {
        let name = "\(variable.name)/\(slot.name)"
        copy.variables[place].slots[index].tensor.tensor = try mean(
          try all.map { try tensor($0[slot.name]?.tensor, name) },
          of: name,
          else: slot.tensor.tensor
        )
        if all.contains(where: { $0[slot.name]?.history.isFolded != slot.history.isFolded }) {
          throw StateError(
            .malformed,
            "the correction is folded into some of the moments and not into others",
            tensor: name
          )
        }
      }
    }
    if withSlots, Set(steps).count > 1 {
      note?("the steps differ; the average has the highest, \(steps[last]), and its records")
    }
    return copy
  }

  /// Opens states, averages them and writes the average.
  ///
  /// - Parameters:
  ///   - inputs: At least two states; never changed.
  ///   - output: The file, directory or prefix to make.
  ///   - requested: The output's format, `nil` to tell it from its name or the first input.
  ///   - withSlots: Whether slots are averaged as well.
  ///   - options: How to write.
  /// - Returns: The average and the name of its format.
  /// - Throws: `StateError` as ``average(_:withSlots:note:)`` and `StateFormats`.
  @discardableResult
  public static func run(
    from inputs: [String],
    to output: String,
    format requested: String? = nil,
    withSlots: Bool = false,
    options: WriteOptions = WriteOptions()
  ) throws -> (state: TrainingState, format: String) {
    let trace = InputTrace()
    let opened = try trace.record { try inputs.map { try StateFormats.open($0) } }
    let format = try StateFormats.output(
      output,
      requested: requested,
      fallback: opened.first?.format
    )
    for input in inputs { try Conversion.checkApart(input, output) }
    let average = try average(opened.map(\.state), withSlots: withSlots, note: options.note)
    try trace.protect {
      try StateFormats.write(average, to: output, format: format, options: options)
    }
    return (average, format)
  }

  private static func table(_ state: TrainingState) throws -> [ExactName: Variable] {
    let valued = state.variables.map { (ExactName($0.name), $0) }
    return Dictionary(valued, uniquingKeysWith: { first, _ in first })
  }

  private static func tensor(_ tensor: StateTensor?, _ name: String) throws -> Tensor {
    guard let tensor else {
      throw StateError(.malformed, "the tensor is not in all states", tensor: name)
    }
    return tensor.tensor
  }

  private static func mean(
    _ tensors: [Tensor],
    of name: String,
    else last: Tensor
  ) throws -> Tensor {
    do {
      return last.elementType.isFloatingPoint ? try Tensor.mean(of: tensors) : last
    } catch let error as StateError {
      throw error.inContext(tensor: name)
    }
  }
}
