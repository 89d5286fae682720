internal import Tensors

extension OptimizerDescription {
  /// A mean of gradients over the root of the squares before them.
  private static let mean = SlotDescription("adopt_m", .gradients)

  /// It begins with the first gradient's square.
  private static let squares = SlotDescription("adopt_v", .squares)

  /// Taniguchi et al., 2024, Algorithm 2.
  ///
  /// pytorch_optimizer's RAdam, Ano and EXAdam have its words.
  static let adopt = OptimizerDescription(
    "adopt",
    "ADOPT: a momentum of gradients over the root of earlier squares (arXiv:2411.02853)",
    slots: [.always(mean.name), .always(squares.name)],
    ownSlots: [mean, squares],
    rows: [Dialect.timm, .pytorchOptimizer].map {
      DialectRow($0, ["exp_avg": mean.name, "exp_avg_sq": squares.name])
    },
    settings: [
      SettingRow(
        .timm,
        [
          .rate(0.001), .betas(0.9, 0.9999), .epsilon(1e-6), .decay(0), .number("clip_exp", 0.333),
          SettingWord("decoupled", .decoupling, false), .correctedDecay, .greatestRate, .caution,
          .maximize, .foreach, .capturable, .differentiable,
        ],
        toldBy: ["lr", "betas", "eps", "weight_decay", "clip_exp", "decoupled"],
        decay: .marked("decoupled", apartKind: nil)
      ),
      SettingRow(
        .pytorchOptimizer,
        [
          .rate(0.001), .betas(0.9, 0.9999), .decay(0), .weightDecouple(false), .fixedDecay,
          .foreach, .epsilon(1e-6),
        ],
        toldBy: ["lr", "betas", "weight_decay", "weight_decouple", "fixed_decay", "eps"],
        unused: ["step"],
        decay: .marked("weight_decouple", apartKind: nil),
        counter: .group("step"),
        isShared: true
      ),
    ]
  )
}
