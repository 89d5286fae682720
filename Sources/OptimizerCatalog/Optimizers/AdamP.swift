internal import Tensors

extension OptimizerDescription {
  /// Heo et al., 2021, Algorithm 2.
  static let adamp = OptimizerDescription(
    "adamp",
    "AdamP: Adam without the part of a step that makes weights longer (arXiv:2006.08217)",
    slots: [.always(.firstMoment), .always(.secondMoment)],
    biasCorrection: .always,
    rows: [Dialect.timm, .pytorchOptimizer].map {
      DialectRow($0, ["exp_avg": .firstMoment, "exp_avg_sq": .secondMoment])
    },
    settings: [
      SettingRow(
        .timm,
        SettingWord.adams(rate: 0.001) + [
          .number("delta", 0.1), .number("wd_ratio", 0.1), .flag("nesterov"), .caution,
        ],
        toldBy: ["lr", "betas", "eps", "weight_decay", "delta", "wd_ratio", "nesterov"],
        decay: .apart,
        countForm: .whole
      ),
      SettingRow(
        .pytorchOptimizer,
        [
          .rate(0.001), .betas, .decay(0), .weightDecouple(true), .fixedDecay,
          .number("delta", 0.1), .number("wd_ratio", 0.1), .flag("nesterov"), .epsilon(1e-8),
          .foreachOff,
        ],
        toldBy: ["betas", "weight_decouple", "delta", "wd_ratio", "nesterov", "eps"],
        unused: ["step"],
        decay: .marked("weight_decouple", apartKind: nil),
        counter: .group("step")
      ),
    ]
  )
}
