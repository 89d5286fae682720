internal import Tensors

extension OptimizerDescription {
  private static let betasOfVectors = ["beta1_1d", "beta2_1d"]

  /// Yuan et al., 2024, Algorithm 2.
  static let mars = OptimizerDescription(
    "mars",
    "MARS: AdamW or Lion on gradients corrected by their last difference (arXiv:2411.10438)",
    slots: [.always(.firstMoment), .always(.secondMoment), .always(.previousGradient)],
    biasCorrection: .always,
    rows: [
      DialectRow(
        .timm,
        [
          "exp_avg": .firstMoment, "last_grad": .previousGradient, "exp_avg_sq": .secondMoment,
        ]
      ),
      DialectRow(
        .pytorchOptimizer,
        [
          "exp_avg": .firstMoment, "exp_avg_sq": .secondMoment, "last_grad": .previousGradient,
        ]
      ),
    ],
    settings: [
      SettingRow(
        .timm,
        [
          .rate(0.003), .betas(0.9, 0.99), .epsilon(1e-8), .decay(0),
          SettingWord("mars_type", .word("mars_type"), "adamw"), .number("gamma", 0.025),
          .flag("optimize_1d"), .number("lr_1d_factor", 1),
          SettingWord("betas_1d", .numbers(betasOfVectors), [0.9, 0.99]), .caution,
        ],
        toldBy: ["betas", "mars_type", "gamma", "optimize_1d", "lr_1d_factor", "betas_1d"],
        decay: .apart,
        countForm: .whole
      ),
      SettingRow(
        .pytorchOptimizer,
        [
          .rate(0.003), .number("lr_1d", 0.003), .number("lr_1d_factor", 1), .betas(0.95, 0.99),
          SettingWord("betas_1d", .numbers(betasOfVectors), [0.9, 0.95]),
          SettingWord("mars_type", .word("mars_type"), "adamw"), .number("gamma", 0.025),
          .flag("optimize_1d"), .decay(0), .number("weight_decay_1d", 0.1), .weightDecouple(true),
          .fixedDecay, .flag("ams_bound"), SettingWord("cautious", .flag("caution"), false),
          .epsilon(1e-8), .foreach,
        ],
        toldBy: ["betas", "mars_type", "gamma", "optimize_1d", "betas_1d", "weight_decouple"],
        unused: ["step"],
        decay: .marked("weight_decouple", apartKind: nil),
        counter: .group("step")
      ),
    ]
  )
}
