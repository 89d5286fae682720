internal import Tensors

extension OptimizerDescription {
  /// Tieleman & Hinton, 2012, lecture 6.5; Graves, 2013, equations 38 to 45, for the centered form.
  ///
  /// TensorFlow's always keeps a momentum, which comes last: only the centered rule has a slot before it.
  static let rmsprop = OptimizerDescription(
    "rmsprop",
    "RMSProp, plain or centered (arXiv:1308.0850)",
    slots: [
      .always(.meanSquare), .when("momentum", .momentum), .when("centered", .meanGradient),
    ],
    kerasClass: "RMSprop",
    rows: [
      DialectRow(
        .torch,
        ["square_avg": .meanSquare, "momentum_buffer": .momentum, "grad_avg": .meanGradient]
      ),
      DialectRow(.torch, ["square_avg": .meanSquare]),
      DialectRow(
        .tensorFlow,
        ["RMSProp": .meanSquare, "RMSProp_1": .meanGradient, "RMSProp_2": .momentum]
      ),
      DialectRow(.tensorFlow, ["RMSProp": .meanSquare, "RMSProp_1": .momentum]),
      DialectRow(.tensorFlow, ["RMSProp": .meanSquare]),
      DialectRow(.mlx, ["v": .meanSquare]),
    ]
  )
}
