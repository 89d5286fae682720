internal import Tensors

extension OptimizerDescription {
  /// Loshchilov & Hutter, 2019, Algorithm 2.
  ///
  /// It keeps what Adam keeps. bitsandbytes' Adam is this one, too: its kernels know no other decay.
  static let adamw = OptimizerDescription(
    "adamw",
    "Adam with decoupled weight decay (arXiv:1711.05101)",
    slots: adamSlots,
    biasCorrection: .recorded,
    kerasClasses: ["AdamW", "AdamWeightDecay"],
    rows: adamRows + [
      DialectRow(.transformers, ["exp_avg": .firstMoment, "exp_avg_sq": .secondMoment]),
      DialectRow(.bitsandbytes, ["state1": .firstMoment, "state2": .secondMoment]),
      DialectRow(
        .timm,
        [
          "exp_avg": .firstMoment, "exp_avg_sq": .secondMoment,
          "max_exp_avg_sq": .greatestSecondMoment,
        ]
      ),
      DialectRow(.timm, ["exp_avg": .firstMoment, "exp_avg_sq": .secondMoment]),
    ],
    settings: [
      .adamOfTorch(decay: 0.01, isApart: true),
      // `transformers.AdamW`, which version 5 has no more.
      SettingRow(
        .transformers,
        SettingWord.adams(rate: 0.001, epsilon: 1e-6) + [
          SettingWord("correct_bias", .correction, true)
        ],
        toldBy: ["lr", "betas", "eps", "weight_decay", "correct_bias"],
        decay: .apart
      ),
      // In 32 bits or in eight; bitsandbytes' optimizers differ in what they keep, and round in their own order.
      SettingRow(
        .bitsandbytes,
        SettingWord.adams(rate: 0.001, decay: 0.01) + [
          SettingWord("alpha", .unrecorded, 0), SettingWord("t_alpha", .unrecorded),
          SettingWord("t_beta3", .unrecorded),
        ],
        toldBy: ["alpha", "t_alpha", "t_beta3"],
        isToldBySlots: true,
        decay: .apart,
        isTorchsArithmetic: false
      ),
      // `AdamWLegacy` of timm 1.0, which its cautious and its corrected AdamW are.
      SettingRow(
        .timm,
        SettingWord.adams(rate: 0.001, decay: 0.01) + [
          .flag("amsgrad"), .caution, .correctedDecay, .greatestRate, .foreach, .maximize,
          .capturable, .number("clipping_threshold"),
        ],
        toldBy: [
          "lr", "betas", "eps", "weight_decay", "amsgrad", "caution", "corrected_weight_decay",
          "clipping_threshold",
        ],
        decay: .apart
      ),
    ],
    plainForm: "adam",
    implied: adamImplied,
    keras: KerasTraits(mark: .init(words: ["weight_decay_rate"], scope: .kind("adam"))),
    optaxTuple: StateTuple(.slots, .empty, .rate)
  )
}
