internal import Tensors

extension OptimizerDescription {
  /// Liu et al., 2020, Algorithm 2.
  static let radam = OptimizerDescription(
    "radam",
    "RAdam: Adam with a rectified rate (arXiv:1908.03265)",
    slots: [.always(.firstMoment), .always(.secondMoment)],
    biasCorrection: .always,
    rows: [
      DialectRow(.torch, ["exp_avg": .firstMoment, "exp_avg_sq": .secondMoment]),
      DialectRow(.optax, ["mu": .firstMoment, "nu": .secondMoment]),
    ],
    settings: [
      SettingRow(
        .torch,
        SettingWord.adams(rate: 0.001) + [
          .maximize, .foreach, .capturable, .decoupling(false), .differentiable,
        ],
        toldBy: ["lr", "betas", "eps", "weight_decay", "decoupled_weight_decay"],
        decay: .marked("decoupled_weight_decay", apartKind: nil)
      )
    ],
    optaxTuple: StateTuple(.slots, .rate)
  )
}
