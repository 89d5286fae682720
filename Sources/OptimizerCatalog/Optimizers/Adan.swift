internal import Tensors

extension OptimizerDescription {
  private static let mean = SlotDescription("adan_m", .gradients)
  private static let differences = SlotDescription("adan_v", .gradients)
  private static let squares = SlotDescription("adan_n", .squares)

  /// Kept with the other sign.
  private static let previous = SlotDescription("adan_negative_gradient", .gradients)

  /// Xie et al., 2022, Algorithm 1.
  ///
  /// timm's and pytorch_optimizer's keep the same under two words.
  static let adan = OptimizerDescription(
    "adan",
    "Adan: means of gradients, of their differences and of both's squares (arXiv:2208.06677)",
    slots: [mean, differences, squares, previous].map { .always($0.name) },
    ownSlots: [mean, differences, squares, previous],
    biasCorrection: .always,
    rows: [
      DialectRow(
        .timm,
        [
          "exp_avg": mean.name, "exp_avg_sq": squares.name, "exp_avg_diff": differences.name,
          "neg_pre_grad": previous.name,
        ]
      ),
      DialectRow(
        .pytorchOptimizer,
        [
          "exp_avg": mean.name, "exp_avg_sq": squares.name, "exp_avg_diff": differences.name,
          "previous_grad": previous.name,
        ]
      ),
    ],
    settings: [
      SettingRow(
        .timm,
        [
          .rate(0.001), .betas(0.98, 0.92, 0.99), .epsilon(1e-8), .decay(0), .flag("no_prox"),
          .caution, .foreach,
        ],
        toldBy: ["lr", "betas", "eps", "weight_decay", "no_prox"],
        unused: ["step"],
        decay: .apart,
        counter: .group("step")
      ),
      SettingRow(
        .pytorchOptimizer,
        [
          .rate(0.001), .betas(0.98, 0.92, 0.99), .decay(0), .weightDecouple(false),
          SettingWord("max_grad_norm", .bound("global_clip_norm"), 0), .foreach, .epsilon(1e-8),
        ],
        toldBy: ["betas", "weight_decouple", "max_grad_norm", "eps"],
        unused: ["step"],
        decay: .marked("weight_decouple", apartKind: nil),
        counter: .group("step")
      ),
    ]
  )
}
