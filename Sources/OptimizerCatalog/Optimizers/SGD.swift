internal import Tensors

extension OptimizerDescription {
  /// Gradient descent; with `momentum` it keeps a buffer.
  static let sgd = OptimizerDescription(
    "sgd",
    "gradient descent, with momentum or Nesterov's",
    slots: [.when("momentum", .momentum)],
    kerasClasses: ["SGD"],
    rows: [
      DialectRow(.torch, ["momentum_buffer": .momentum]),
      DialectRow(.tensorFlow, ["Momentum": .momentum]),
      DialectRow(.mlx, ["v": .momentum]),
      DialectRow(.tensorFlowObjects, ["momentum": .momentum]),
      DialectRow(.kerasMultiBackend, ["moment": .momentum]),
      DialectRow(.tfKerasLegacy, list: [.each(["momentum": .momentum], when: "momentum")]),
      // The buffer is there even where the momentum is zero.
      DialectRow(.tfKeras, ["m": .momentum]),
      DialectRow(.keras3, list: [.each(["momentum": .momentum], when: "momentum")]),
      DialectRow(.optax, ["trace": .momentum]),
    ]
  )
}
