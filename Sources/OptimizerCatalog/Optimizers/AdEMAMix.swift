internal import Tensors

extension OptimizerDescription {
  /// A mean over ten thousand gradients, whose bias nobody corrects.
  private static let slow = SlotDescription("ademamix_slow", .gradients)

  /// Pagliardini et al., 2024, Algorithm 1.
  static let ademamix = OptimizerDescription(
    "ademamix",
    "AdEMAMix: Adam with a second, slow mean of gradients (arXiv:2409.03137)",
    slots: [.always(.firstMoment), .always(.secondMoment), .always(slow.name)],
    ownSlots: [slow],
    biasCorrection: .always,
    rows: [
      DialectRow(
        .pytorchOptimizer,
        ["exp_avg": .firstMoment, "exp_avg_sq": .secondMoment, "exp_avg_slow": slow.name]
      )
    ],
    settings: [
      SettingRow(
        .pytorchOptimizer,
        [
          .rate(0.001), .betas(0.9, 0.999, 0.9999), .decay(0), .weightDecouple(false), .fixedDecay,
          SettingWord("alpha", .number("slow_share"), 5),
          SettingWord("t_alpha_beta3", .number("slow_warmup")), .epsilon(1e-8), .foreach,
        ],
        toldBy: ["betas", "weight_decouple", "fixed_decay", "alpha", "t_alpha_beta3", "eps"],
        unused: ["step"],
        decay: .marked("weight_decouple", apartKind: nil),
        counter: .group("step")
      )
    ]
  )
}
