internal import Tensors

extension OptimizerDescription {
  /// Of gradients times the estimate.
  private static let mean = SlotDescription("prodigy_m", .gradients)
  private static let squares = SlotDescription("prodigy_v", .squares)

  /// The decayed sum of gradients by which the distance is estimated.
  private static let sum = SlotDescription("prodigy_s", .gradients)
  private static let first = SlotDescription(
    "prodigy_first_weights",
    .weights,
    beginning: .weights,
    mayBeOneZero: true
  )

  private static let slotWords = [
    DialectRow.Word("exp_avg", mean.name), DialectRow.Word("exp_avg_sq", squares.name),
  ]

  /// Mishchenko & Defazio, 2023, Algorithm 4.
  ///
  /// The estimate and what it is made of are settings of the group, which every update changes. prodigyopt counts beside
  /// each variable and in the group; pytorch_optimizer counts from one. prodigyopt's sums and first weights are vectors.
  static let prodigy = OptimizerDescription(
    "prodigy",
    "Prodigy: Adam whose rate is an estimate of the distance to the solution (arXiv:2306.06101)",
    slots: [sum, first, mean, squares].map { .always($0.name) },
    scalars: [
      ScalarDescription("k", .int(0), isCount: true),
      ScalarDescription("d", .double(1e-6), beginsAs: "d0"),
      ScalarDescription("d_max", .double(1e-6), beginsAs: "d0"),
      ScalarDescription("d_numerator", .double(0)),
    ],
    ownSlots: [sum, first, mean, squares],
    rows: [
      DialectRow(
        .prodigyopt,
        list: [
          .each(
            words: [
              DialectRow.Word("s", sum.name, isFlat: true),
              DialectRow.Word("p0", first.name, isFlat: true),
            ] + slotWords
          )
        ]
      ),
      DialectRow(
        .pytorchOptimizer,
        list: [
          .each(
            words: [DialectRow.Word("s", sum.name), DialectRow.Word("p0", first.name)] + slotWords
          )
        ]
      ),
    ],
    settings: [
      // prodigyopt 1.1.
      SettingRow(
        .prodigyopt,
        [
          .rate(1), .betas, .number("beta3"), .epsilon(1e-8), .decay(0), .number("d", 1e-6),
          .number("d0", 1e-6), .number("d_max", 1e-6), .number("d_numerator", 0),
          .number("d_coef", 1), SettingWord("k", .count("k"), 0),
          .number("growth_rate", .infinity), .flag("use_bias_correction"),
          SettingWord("decouple", .decoupling, true), .flag("safeguard_warmup"),
          SettingWord("fsdp_in_use", .unrecorded, false),
          SettingWord("slice_p", .count("slice_p"), 1),
        ],
        toldBy: ["betas", "beta3", "d", "d0", "d_coef", "k", "decouple", "growth_rate"],
        unused: ["d_denom", "d_hat"],
        decay: .marked("decouple", apartKind: nil),
        counter: .both("k"),
        countForm: .whole
      ),
      SettingRow(
        .pytorchOptimizer,
        [
          .rate(1), .betas, .number("beta3"), .number("d", 1e-6), .number("d0", 1e-6),
          .number("d_max", 1e-6), .number("d_coef", 1), .number("growth_rate", .infinity),
          .decay(0), .weightDecouple(true), .fixedDecay,
          SettingWord("bias_correction", .flag("use_bias_correction"), false),
          .flag("safeguard_warmup"), .foreach, .epsilon(1e-8),
          SettingWord("d_numerator", .vector("d_numerator")),
        ],
        toldBy: ["betas", "beta3", "d", "d0", "d_coef", "weight_decouple", "growth_rate"],
        unused: ["step", "d_de_nom", "d_hat"],
        decay: .marked("weight_decouple", apartKind: nil),
        counter: .group("step"),
        countStart: 1
      ),
    ]
  )
}
