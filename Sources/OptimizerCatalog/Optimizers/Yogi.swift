internal import Tensors

extension OptimizerDescription {
  /// Zaheer et al., 2018, Algorithm 2.
  ///
  /// optax and pytorch_optimizer begin both moments at `initial_accumulator_value`, 1e-6 unless told otherwise.
  static let yogi = OptimizerDescription(
    "yogi",
    "Yogi: Adam whose second moment changes by no more than a squared gradient's share (Zaheer et al., 2018)",
    slots: [.always(.firstMoment, beginning: 1e-6), .always(.secondMoment, beginning: 1e-6)],
    biasCorrection: .always,
    rows: [
      DialectRow(.optax, ["mu": .firstMoment, "nu": .secondMoment]),
      DialectRow(.pytorchOptimizer, ["exp_avg": .firstMoment, "exp_avg_sq": .secondMoment]),
    ],
    settings: [
      SettingRow(
        .pytorchOptimizer,
        [
          .rate(0.01), .betas, .decay(0), .weightDecouple(true), .fixedDecay,
          SettingWord("initial_accumulator", .number("initial_accumulator_value"), 1e-6),
          .epsilon(0.001), .foreach,
        ],
        toldBy: ["betas", "weight_decouple", "fixed_decay", "initial_accumulator", "eps"],
        unused: ["step"],
        decay: .marked("weight_decouple", apartKind: nil),
        counter: .group("step")
      )
    ],
    optaxTuple: StateTuple(.slots, .rate)
  )
}
