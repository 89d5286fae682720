internal import Tensors

extension OptimizerDescription {
  /// Wright, 2019: RAdam, Lookahead and centralized gradients together.
  static let ranger = OptimizerDescription(
    "ranger",
    "Ranger: RAdam with slow weights and centered gradients (Wright, 2019)",
    slots: [.always(.firstMoment), .always(.secondMoment), .always(.slowWeights)],
    biasCorrection: .always,
    rows: [
      DialectRow(
        .pytorchOptimizer,
        [
          "exp_avg": .firstMoment, "exp_avg_sq": .secondMoment, "slow_buffer": .slowWeights,
        ]
      )
    ],
    settings: [
      SettingRow(
        .pytorchOptimizer,
        [
          .rate(0.001), .betas(0.95, 0.999), SettingWord("alpha", .number("lookahead_rate"), 0.5),
          SettingWord("k", .count("lookahead_steps"), 6),
          SettingWord("step_counter", .unrecorded, 0), .decay(0), .weightDecouple(true),
          .fixedDecay, .epsilon(1e-5), .foreach,
        ],
        toldBy: ["betas", "alpha", "k", "step_counter", "weight_decouple", "fixed_decay", "eps"],
        unused: ["step"],
        decay: .marked("weight_decouple", apartKind: nil),
        counter: .group("step")
      )
    ]
  )
}
