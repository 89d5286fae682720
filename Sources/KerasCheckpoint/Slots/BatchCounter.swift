internal import Tensors
internal import TrainingState

/// The counter of Keras 3, which counts batches where gradients of several are added up for one update.
enum BatchCounter {
  /// Of the step's tensor: how many batches there had been, and how many make an update.
  private static let attribute = "keras.batches"

  /// The number of updates behind a counter of batches.
  ///
  /// - Parameters:
  ///   - counter: The counter, a scalar of 32 or 64 bits.
  ///   - batches: Batches that make an update, 1 where each does.
  /// - Returns: The step.
  /// - Throws: `StateError` with code `malformed` where the counter is no such scalar.
  static func step(_ counter: StateTensor, batches: Int64) throws -> GlobalStep {
    let isCounter = [.int32, .int64].contains(counter.tensor.elementType)
    guard isCounter, counter.tensor.shape.rank == 0 else {
      return try GlobalStep(counter, bytes: [])
    }
    var step = try StepTensor.globalStep(counter, format: KerasNames.counters)
    guard batches > 1, step.value >= 0 else { return step }
    var tensor = step.tensor
    tensor.attributes[attribute] = .string("\(step.value);\(batches)")
    tensor.tensor = .scalar(step.value / batches)
    step = try GlobalStep(tensor, bytes: try tensor.tensor.bytes())
    return step
  }

  /// The counter of a step, in the type and the unit that it came in.
  ///
  /// - Throws: `StateError` with code `unsupported` where the counter's type does not hold the number.
  static func tensor(of step: GlobalStep) throws -> StateTensor {
    var step = step
    if case .string(let text) = step.tensor.attributes[attribute] {
      let counts = text.split(separator: ";").compactMap { Int64($0) }
      guard counts.count == 2, counts[1] > 1 else {
        throw StateError(
          .malformed,
          "the attribute \(attribute) is damaged",
          tensor: step.tensor.name
        )
      }
      let isSame = counts[0] / counts[1] == step.value
      let (product, overflow) = step.value.multipliedReportingOverflow(by: counts[1])
      guard isSame || !overflow else {
        throw StateError(.unsupported, "the step \(step.value) is too large for a count of batches")
      }
      step.value = isSame ? counts[0] : product
    }
    return try StepTensor.tensor(of: step, format: KerasNames.counters, isOurs: true)
  }
}
