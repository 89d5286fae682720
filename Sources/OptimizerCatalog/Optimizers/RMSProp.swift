internal import Tensors

extension OptimizerDescription {
  /// Keras' word for the mean of squares is that of Adam's second moment.
  private static let kerasList: [ListSection] = [
    .each(["velocity": .meanSquare]), .each(["momentum": .momentum], when: "momentum"),
    .each(["average_gradient": .meanGradient], when: "centered"),
  ]

  /// It begins at one; every other framework's at zero.
  private static let tensorFlowMeanSquare = DialectRow.Word("RMSProp", .meanSquare, beginning: 1)

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
        list: [
          .each(words: [
            tensorFlowMeanSquare, DialectRow.Word("RMSProp_1", .meanGradient),
            DialectRow.Word("RMSProp_2", .momentum),
          ])
        ]
      ),
      DialectRow(
        .tensorFlow,
        list: [.each(words: [tensorFlowMeanSquare, DialectRow.Word("RMSProp_1", .momentum)])]
      ),
      DialectRow(.tensorFlow, list: [.each(words: [tensorFlowMeanSquare])]),
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
    ],
    settings: [
      SettingRow(
        .torch,
        [
          .rate(0.01), SettingWord("momentum", .number("momentum"), 0),
          SettingWord("alpha", .number("rho"), 0.99), .epsilon(1e-8),
          SettingWord("centered", .flag("centered"), false), .decay(0), .capturable, .foreach,
          .maximize, .differentiable,
        ],
        toldBy: ["alpha", "centered"],
        standsIn: true
      )
    ],
    stepBuffers: [.tensorFlow, .kerasMultiBackend, .tfKerasLegacy, .tfKeras, .keras3],
    implied: [
      ImpliedSetting(.tfKerasLegacy, "epsilon_placement", .string("outside"), .zero("momentum"))
    ],
    keras: KerasTraits(wasUncounted: true),
    // A momentum would stand behind the rate there, and add up updates of the other sign.
    optaxTuple: StateTuple(.slots, .rate, .empty, isCounted: false)
  )
}
