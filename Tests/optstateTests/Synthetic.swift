import ByteIO
import Foundation
import OptStateKit
import TestSupport

/// States that are large enough to be caught at work.
enum Synthetic {
  /// A TensorFlow checkpoint of random numbers with Adam's moments.
  static func checkpoint(at prefix: String, megabytes: Int) throws {
    var random = SeededGenerator(seed: 7)
    let block = random.bytes(1 << 16)
    let bytes = (0..<16).flatMap { _ in block }
    func tensor(_ name: String) throws -> StateTensor {
      StateTensor(name, try Tensor(.float32, Shape([512, 512]), bytes: bytes))
    }
    let variables = try (0..<max(1, megabytes / 3)).map { number in
      Variable(
        "layer_\(number)/kernel",
        value: try tensor("value"),
        slots: [
          Slot(.firstMoment, try tensor("m")), Slot(.secondMoment, try tensor("v")),
        ]
      )
    }
    let state = TrainingState(
      variables: variables,
      globalStep: GlobalStep(1),
      origin: Origin(recorded: "optstate")
    )
    try StateFormats.write(state, to: prefix, format: "tensorflow")
  }
}
