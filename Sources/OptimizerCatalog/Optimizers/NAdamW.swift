internal import Tensors

extension OptimizerDescription {
  /// Dahl et al., 2023, whose submissions to AlgoPerf timm follows.
  ///
  /// Its momentum does not rise: there is no product to keep.
  static let nadamw = OptimizerDescription(
    "nadamw",
    "NAdamW: AdamW with Nesterov's momentum (arXiv:2306.07179)",
    slots: [.always(.firstMoment), .always(.secondMoment)],
    biasCorrection: .always,
    rows: [DialectRow(.timm, ["exp_avg": .firstMoment, "exp_avg_sq": .secondMoment])],
    settings: [
      SettingRow(
        .timm,
        SettingWord.adams(rate: 0.001, decay: 0.01) + [
          .caution, .correctedDecay, .greatestRate, .foreach, .maximize, .capturable,
          .number("clipping_threshold"),
        ],
        toldBy: [
          "lr", "betas", "eps", "weight_decay", "caution", "corrected_weight_decay",
          "clipping_threshold",
        ],
        decay: .apart
      )
    ]
  )
}
