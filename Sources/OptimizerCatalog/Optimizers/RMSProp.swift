internal import Tensors

extension OptimizerDescription {
  /// Keras' word for the mean of squares is that of Adam's second moment.
  private static let kerasList: [ListSection] = [
    .each(["velocity": .meanSquare]), .each(["momentum": .momentum], when: "momentum"),
    .each(["average_gradient": .meanGradient], when: "centered"),
  ]

  /// Tieleman & Hinton, 2012, lecture 6.5; Graves, 2013, equations 38 to 45, for the centered form.
  ///
  /// TensorFlow's always keeps a momentum, which comes last: only the centered rule has a slot before it.
  static let rmsprop = OptimizerDescription(
    "rmsprop",
    "RMSProp, plain or centered (arXiv:1308.0850)",
    slots: [
      .always(.meanSquare), .when("momentum", .momentum), .when("centered", .meanGradient),
    ],
    kerasClasses: ["RMSprop"],
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
      DialectRow(
        .tensorFlowObjects,
        list: [
          .each(["rms": .meanSquare]), .each(["mg": .meanGradient], when: "centered"),
          .each(["momentum": .momentum]),
        ]
      ),
      DialectRow(.kerasMultiBackend, ["accumulator": .meanSquare]),
      DialectRow(
        .tfKerasLegacy,
        list: [
          .each(["rms": .meanSquare]), .each(["momentum": .momentum], when: "momentum"),
          .each(["mg": .meanGradient], when: "centered"),
        ]
      ),
      DialectRow(.tfKeras, list: kerasList),
      DialectRow(.keras3, list: kerasList),
      DialectRow(.optax, ["nu": .meanSquare]),
      DialectRow(.optax, ["mu": .meanGradient, "nu": .meanSquare]),
    ]
  )
}
