internal import Tensors

extension OptimizerDescription {
  static let adamSlots: [KeptSlot] = [
    .always(.firstMoment), .always(.secondMoment), .when("amsgrad", .greatestSecondMoment),
  ]

  /// Words for Adam's moments, and AMSGrad's greatest beside them.
  ///
  /// TensorFlow's is `tf.compat.v1.train.AdamOptimizer`.
  static let adamRows: [DialectRow] = [
    DialectRow(
      .torch,
      [
        "exp_avg": .firstMoment, "exp_avg_sq": .secondMoment,
        "max_exp_avg_sq": .greatestSecondMoment,
      ]
    ),
    DialectRow(.torch, ["exp_avg": .firstMoment, "exp_avg_sq": .secondMoment]),
    DialectRow(.tensorFlow, ["Adam": .firstMoment, "Adam_1": .secondMoment]),
    DialectRow(.mlx, ["m": .firstMoment, "v": .secondMoment]),
  ]

  /// Kingma & Ba, 2015, Algorithm 1; Reddi et al., 2018, for AMSGrad.
  static let adam = OptimizerDescription(
    "adam",
    "Adam, its weight decay (if any) part of the gradient (arXiv:1412.6980)",
    slots: adamSlots,
    biasCorrection: .recorded,
    kerasClass: "Adam",
    rows: adamRows
  )
}
