internal import Tensors

extension OptimizerDescription {
  /// Defazio et al., 2024, Algorithm 1.
  ///
  /// The sum of the mean's weights and the greatest rate are settings of the group, which every update changes.
  static let scheduleFreeAdamW = OptimizerDescription(
    "schedule_free_adamw",
    "schedule-free AdamW: gradients between a fast sequence and its mean (arXiv:2405.15682)",
    slots: [.always(.baseWeights), .always(.secondMoment)],
    scalars: [
      ScalarDescription("k", .int(0), isCount: true),
      ScalarDescription("weight_sum", .double(0)),
      ScalarDescription("lr_max", .double(-1)),
      ScalarDescription("scheduled_lr", .double(0)),
    ],
    biasCorrection: .always,
    rows: [DialectRow(.torch, ["z": .baseWeights, "exp_avg_sq": .secondMoment])]
  )
}
