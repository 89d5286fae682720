import ByteIO
import OptimizerCore
import Tensors
package import TrainingState

/// Everything about a state that must survive a detour, tensors by the sum of their bytes.
package struct Fingerprint: Sendable, Hashable {
  private let lines: [String]

  /// Reads and verifies every tensor.
  package init(_ state: TrainingState) throws {
    let tensors = state.allTensors
    let sums = try TensorPass.sums(tensors.map { NamedTensor($0.name, $0.tensor) })
    for (tensor, sum) in zip(tensors, sums) {
      try TensorPass.check(NamedTensor(tensor.name, tensor.tensor), sum)
    }
    lines =
      zip(tensors, sums).map { tensor, sum in
        let places =
          "\(tensor.sourceName ?? "-") \(tensor.index ?? -1) \(Self.sorted(tensor.attributes))"
        let data = tensor.tensor
        return "\(tensor.name) \(data.elementType) \(data.shape) \(sum.value) \(places)"
      } + [
        state.variables.map { "\($0.name) \($0.step ?? -1)" }.joined(separator: "\n"),
        state.variables.map { "\($0.slots.map(\.history))" }.joined(separator: "\n"),
        "\(state.globalStep?.value ?? -1)",
        "\(state.schedule.map { "\($0)" } ?? "-")",
        "\(state.optimizer.map { "\($0) \($0.groups)" } ?? "-")",
        state.optimizerTensors.map(\.name).joined(separator: "\n"),
        state.extras.map(\.name).joined(separator: "\n"),
        "\(state.naming ?? "-") \(state.origin.format) \(Self.sorted(state.attributes))",
      ]
  }

  private static func sorted(_ attributes: [String: AttributeValue]) -> String {
    attributes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
  }
}
