internal import Tensors

extension OptimizerDescription {
  /// Means whose decays follow the step such that they have no bias.
  private static let moments = [
    SlotDescription("stable_adamw_m", .gradients), SlotDescription("stable_adamw_v", .squares),
  ]

  private static let rest = SlotDescription("stable_adamw_rest", .remainder)

  /// Wortsman et al., 2023, Algorithm 2.
  ///
  /// Beside weights of 16 bits it keeps what rounding has left of them.
  static let stableAdamW = OptimizerDescription(
    "stable_adamw",
    "StableAdamW: AdamW with Adafactor's clipping of updates (arXiv:2304.13013)",
    slots: moments.map { .always($0.name) } + [.option(rest.name)],
    ownSlots: moments + [rest],
    rows: [
      DialectRow(
        .pytorchOptimizer,
        [
          "exp_avg": moments[0].name, "exp_avg_sq": moments[1].name, "kahan_comp": rest.name,
        ]
      ),
      DialectRow(
        .pytorchOptimizer,
        ["exp_avg": moments[0].name, "exp_avg_sq": moments[1].name]
      ),
    ],
    settings: [
      SettingRow(
        .pytorchOptimizer,
        [
          .rate(0.001), .betas(0.9, 0.99), .flag("kahan_sum", true), .decay(0.01),
          .weightDecouple(true), .epsilon(1e-8), .foreach,
        ],
        toldBy: ["betas", "kahan_sum", "weight_decouple", "eps"],
        unused: ["step"],
        decay: .marked("weight_decouple", apartKind: nil),
        counter: .group("step")
      )
    ]
  )
}
