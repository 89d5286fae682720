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
    ],
    settings: [
      SettingRow(
        .torch,
        [
          .rate(0.01), SettingWord("lr_decay", .number("learning_rate_decay"), 0), .epsilon(1e-10),
          .decay(0),
          SettingWord("initial_accumulator_value", .number("initial_accumulator_value"), 0),
          .foreach, .maximize, .differentiable, .fused,
        ],
        toldBy: ["lr_decay"],
        standsIn: true
      )
    ],
    optaxTuple: StateTuple(.slots, .rate, isCounted: false)
  )
}
