internal import Tensors

extension OptimizerDescription {
  /// Zeiler, 2012, Algorithm 1.
  static let adadelta = OptimizerDescription(
    "adadelta",
    "Adadelta: means of squared gradients and of squared updates (arXiv:1212.5701)",
    slots: [.always(.accumulator), .always(.updateAccumulator)],
    kerasClass: "Adadelta",
    rows: [
      DialectRow(.torch, ["square_avg": .accumulator, "acc_delta": .updateAccumulator]),
      DialectRow(.tensorFlow, ["Adadelta": .accumulator, "Adadelta_1": .updateAccumulator]),
      DialectRow(.mlx, ["v": .accumulator, "u": .updateAccumulator]),
    ]
  )
}
