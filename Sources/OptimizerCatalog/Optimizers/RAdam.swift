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
      DialectRow(.pytorchOptimizer, ["exp_avg": .firstMoment, "exp_avg_sq": .secondMoment]),
    ],
    settings: [
      SettingRow(
        .torch,
        SettingWord.adams(rate: 0.001) + [
          .maximize, .foreach, .capturable, .decoupling(false), .differentiable,
        ],
        toldBy: ["lr", "betas", "eps", "weight_decay", "decoupled_weight_decay"],
        decay: .marked("decoupled_weight_decay", apartKind: nil)
      ),
      // Of others that have the same words ADOPT is an entry.
      SettingRow(
        .pytorchOptimizer,
        [
          .rate(0.001), .betas, .decay(0), .weightDecouple(true), .fixedDecay, .epsilon(1e-8),
          .foreach,
        ],
        toldBy: ["lr", "betas", "weight_decay", "weight_decouple", "fixed_decay", "eps"],
        unused: ["step"],
        decay: .marked("weight_decouple", apartKind: nil),
        counter: .group("step"),
        isShared: true
      ),
    ],
    optaxTuple: StateTuple(.slots, .rate)
  )
}
