internal import Tensors

extension OptimizerDescription {
  /// `AdamWeightDecayOptimizer` of google-research/bert, `optimization.py`.
  ///
  /// The words of transformers are those of its first version, pytorch-pretrained-bert's `BertAdam`.
  static let bertAdamW = OptimizerDescription(
    "bert_adamw",
    "the original BERT optimizer: AdamW without bias correction",
    slots: [.always(.firstMoment), .always(.secondMoment)],
    biasCorrection: .never,
    rows: [
      DialectRow(.bert, ["adam_m": .firstMoment, "adam_v": .secondMoment]),
      DialectRow(.transformers, ["next_m": .firstMoment, "next_v": .secondMoment]),
    ],
    settings: [
      // `BertAdam`, whose schedule is in its groups as well.
      SettingRow(
        .transformers,
        [
          SettingWord("lr", .number("learning_rate")), SettingWord("b1", .number("beta1"), 0.9),
          SettingWord("b2", .number("beta2"), 0.999), SettingWord("e", .number("epsilon"), 1e-6),
          .decay(0.01), SettingWord("max_grad_norm", .bound("clip_norm"), 1),
        ],
        toldBy: ["b1", "b2", "e", "max_grad_norm"],
        unused: ["schedule", "warmup", "t_total"],
        decay: .apart,
        groupedLists: ["exclude_from_weight_decay"]
      )
    ],
    successor: "adamw",
    hasFixedSettings: true
  )
}
