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
      DialectRow(.tensorFlow, ["ProximalAdagrad": .accumulator]),
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
    keras: KerasTraits(wasUncounted: true),
    optaxTuple: StateTuple(.slots, .rate, isCounted: false)
  )

  /// `tf.compat.v1.train.AdagradDAOptimizer`: weights from the sums, not from steps.
  static let adagradDA = OptimizerDescription(
    "adagrad_da",
    "Adagrad with dual averaging: sums of gradients and of their squares (Duchi et al., 2011)",
    slots: [.always(.linear), .always(.accumulator)],
    rows: [DialectRow(.tensorFlow, ["AdagradDA": .linear, "AdagradDA_1": .accumulator])]
  )
}
