internal import Tensors

extension OptimizerDescription {
  /// Duchi et al., 2011.
  static let adagrad = OptimizerDescription(
    "adagrad",
    "Adagrad: the sum of squared gradients (Duchi et al., 2011)",
    slots: [.always(.accumulator)],
    kerasClasses: ["Adagrad"],
    rows: [
      DialectRow(.torch, ["sum": .accumulator]),
      DialectRow(.tensorFlow, ["Adagrad": .accumulator]),
      DialectRow(.mlx, ["v": .accumulator]),
      DialectRow(.tensorFlowObjects, ["accumulator": .accumulator]),
      DialectRow(.kerasMultiBackend, ["accumulator": .accumulator]),
      DialectRow(.tfKerasLegacy, ["accumulator": .accumulator]),
      DialectRow(.tfKeras, ["accumulator": .accumulator]),
      DialectRow(.keras3, ["accumulator": .accumulator]),
      DialectRow(.optax, ["sum_of_squares": .accumulator]),
    ]
  )
}
