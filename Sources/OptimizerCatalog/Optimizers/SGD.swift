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
    ],
    settings: [
      SettingRow(
        .torch,
        [
          .rate(0.001), SettingWord("momentum", .number("momentum"), 0),
          SettingWord("dampening", .number("dampening"), 0), .decay(0),
          SettingWord("nesterov", .flag("nesterov"), false), .maximize, .foreach, .differentiable,
          .fused,
        ],
        toldBy: ["momentum", "dampening", "nesterov"],
        counter: .none,
        standsIn: true
      )
    ],
    stepBuffers: [.kerasMultiBackend, .tfKerasLegacy, .tfKeras, .keras3],
    implied: [
      ImpliedSetting(.tfKerasLegacy, "buffer", .string("step"), .unlessZero("momentum"))
    ],
    optaxTuple: StateTuple(.slots, .rate, isCounted: false)
  )
}
