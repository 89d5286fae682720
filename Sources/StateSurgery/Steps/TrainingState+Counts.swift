internal import Tensors
public import TrainingState

extension TrainingState {
  /// The count by which a variable's histories are told: its own, else the global step.
  ///
  /// - Parameter variable: One of the state's variables.
  /// - Returns: The count, `nil` where the state has none.
  public func count(of variable: Variable) -> Int64? { variable.step ?? globalStep?.value }

  /// The state with its counts set; what every slot has seen of updates stays as it was.
  ///
  /// TensorFlow's powers of beta are set with the global step.
  ///
  /// - Parameters:
  ///   - step: The number of updates.
  ///   - isCounted: Chooses the variables whose own count is set, where they have one.
  ///   - keepsAges: Whether a slot that began with the first update counts as reset where the count
  ///     changes; otherwise it goes on counting from 0.
  ///   - optimizer: Where beta comes from.
  /// - Returns: The changed state.
  /// - Throws: `StateError` when the step is negative or beta is not known.
  func settingStep(
    _ step: Int64,
    isCounted: (Variable) -> Bool = { _ in true },
    keepsAges: Bool,
    optimizer: ResolvedOptimizer
  ) throws -> TrainingState {
    guard step >= 0 else {
      throw StateError(.invalidArgument, "a step cannot be negative", found: "\(step)")
    }
    var copy = self
    let powers = BetaPowers(optimizerTensors)
    if !powers.isEmpty {
      copy.optimizerTensors = try powers.set(optimizerTensors, to: step) { base in
        try optimizer.knownBeta(base, for: "")
      }
    }
    if globalStep != nil { copy.globalStep?.value = step }
    if variables.allSatisfy({ $0.slots.isEmpty || isCounted($0) }) {
      copy.optimizer = self.optimizer.map { $0.after(step) }
    }
    for (place, variable) in variables.enumerated() {
      if variable.step != nil, isCounted(variable) { copy.variables[place].step = step }
      guard let old = count(of: variable), let new = copy.count(of: copy.variables[place]) else {
        continue
      }
      for slot in variable.slots.indices {
        let history = variable.slots[slot].history
        if history.isPlain, !keepsAges { continue }
        copy.variables[place].slots[slot].history = try history.mapping { stretch in
          var shifted = stretch
          let (age, first) = old.subtractingReportingOverflow(stretch.start)
          let (start, second) = new.subtractingReportingOverflow(age)
          guard !first, !second else {
            throw StateError(.malformed, "the count of updates overflows", tensor: variable.name)
          }
          shifted.start = start
          return shifted
        }
      }
    }
    return copy
  }
}
