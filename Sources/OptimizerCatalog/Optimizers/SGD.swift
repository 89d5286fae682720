internal import Tensors

extension OptimizerDescription {
  /// Gradient descent; with `momentum` it keeps a buffer.
  static let sgd = OptimizerDescription(
    "sgd",
    "gradient descent, with momentum or Nesterov's",
    slots: [.when("momentum", .momentum)],
    kerasClass: "SGD",
    rows: [
      DialectRow(.torch, ["momentum_buffer": .momentum]),
      DialectRow(.tensorFlow, ["Momentum": .momentum]),
      DialectRow(.mlx, ["v": .momentum]),
    ]
  )
}
