internal import OptimizerCore
internal import Tensors
package import TrainingState

/// A small state that no number of ranks divides.
package enum UnevenState {
  /// A state with sizes that the ranks do not divide, two groups, and a variable that is not trained.
  package static func make() throws -> TrainingState {
    func tensor(_ name: String, _ dimensions: [Int], _ first: UInt8) throws -> StateTensor {
      let shape = try Shape(dimensions)
      let bytes = (0..<shape.elementCount * 4).map { $0 % 4 == 3 ? 0x3F : first &+ UInt8($0 % 97) }
      return StateTensor(name, try Tensor(.float32, shape, bytes: bytes))
    }
    func variable(_ name: String, _ dimensions: [Int], _ first: UInt8) throws -> Variable {
      Variable(
        name,
        value: try tensor(name, dimensions, first),
        slots: [
          Slot(.firstMoment, try tensor(name + "/m", dimensions, first + 1)),
          Slot(.secondMoment, try tensor(name + "/v", dimensions, first + 2)),
        ],
        step: 3
      )
    }
    return TrainingState(
      variables: [
        try variable("a.weight", [7, 5], 1), try variable("a.bias", [7], 20),
        try variable("scale", [], 40), Variable("fixed", value: try tensor("fixed", [3], 60)),
      ],
      globalStep: GlobalStep(3),
      optimizer: OptimizerRecord(
        kind: "adamw",
        hyperparameters: [
          "learning_rate": .double(0.1), "beta1": .double(0.9), "beta2": .double(0.999),
          "epsilon": .double(1e-8), "weight_decay": .double(0.1),
        ],
        groups: [
          ParameterGroup(overrides: [:], members: ["a.weight"]),
          ParameterGroup(
            overrides: ["weight_decay": .double(0)],
            members: ["a.bias", "scale"]
          ),
        ]
      ),
      origin: Origin("safetensors", .unknown)
    )
  }

  /// The bytes of every parameter and slot.
  package static func bytes(of state: TrainingState) throws -> [String: [UInt8]] {
    var found: [String: [UInt8]] = [:]
    for variable in state.variables {
      found[variable.name] = try variable.value?.tensor.bytes()
      for slot in variable.slots {
        found["\(variable.name)/\(slot.name)"] = try slot.tensor.tensor.bytes()
      }
    }
    return found
  }
}
