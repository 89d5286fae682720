import OptStateKit
import TestSupport

/// Small states whose numbers are easy to compute with.
enum Sample {
  static let first: [Float] = [0.5, -0.25, 0.125, 3]
  static let second: [Float] = [0.01, 0.04, 1e-12, 2]

  /// Two variables of four elements with Adam's moments at a step.
  static func adam(
    step: Int64? = 20,
    optimizer: String? = "bert_adamw",
    steps: [Int64?] = [nil, nil]
  ) throws -> TrainingState {
    TrainingState(
      variables: try zip(["dense/kernel", "dense/bias"], steps).map { name, step in
        Variable(
          name,
          value: StateTensor(name, try floats([1, 2, 3, 4], [2, 2])),
          slots: [
            Slot(.firstMoment, StateTensor("\(name)/m", try floats(first, [2, 2]))),
            Slot(.secondMoment, StateTensor("\(name)/v", try floats(second, [2, 2]))),
          ],
          step: step
        )
      },
      globalStep: step.map { GlobalStep($0) },
      optimizer: try optimizer.map { try OptimizerRecord(spec: $0) },
      origin: Origin(recorded: "tensorflow")
    )
  }

  /// The numbers of a slot or, without one, of a variable.
  static func numbers(
    _ state: TrainingState,
    _ name: String,
    _ slot: SlotName? = nil
  ) throws -> [Float] {
    let variable = state.variables.first { $0.name == name }
    let tensor = slot.map { variable?[$0]?.tensor } ?? variable?.value
    let bytes = try tensor?.tensor.bytes() ?? []
    return stride(from: 0, to: bytes.count, by: 4).map { place in
      Float(
        bitPattern: bytes[place..<place + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      )
    }
  }

  /// `betaᵗ`, multiplied up in `Double`.
  static func power(_ beta: Double, _ step: Int) -> Double {
    (0..<step).reduce(1.0) { product, _ in product * beta }
  }
}
