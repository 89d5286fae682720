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
    DialectRow(
      .tensorFlow,
      list: [
        .each(["Adam": .firstMoment, "Adam_1": .secondMoment]), .scalar("beta1_power"),
        .scalar("beta2_power"),
      ]
    ),
    DialectRow(.mlx, ["m": .firstMoment, "v": .secondMoment]),
    DialectRow(.tensorFlowObjects, ["m": .firstMoment, "v": .secondMoment]),
    multiBackendRow,
    // Before 2.1.3 there was no AMSGrad.
    DialectRow(
      .kerasMultiBackend,
      list: [.each(["m": .firstMoment]), .each(["v": .secondMoment])]
    ),
    legacyRow,
    DialectRow(
      .tfKeras,
      list: [
        .each(["m": .firstMoment, "v": .secondMoment]),
        .each(["vhat": .greatestSecondMoment], when: "amsgrad"),
      ]
    ),
    DialectRow(
      .keras3,
      list: [
        .each(["momentum": .firstMoment, "velocity": .secondMoment]),
        .each(["velocity_hat": .greatestSecondMoment], when: "amsgrad"),
      ]
    ),
    DialectRow(.bert4keras, ["m": .firstMoment, "v": .secondMoment]),
    DialectRow(
      .optax,
      ["mu": .firstMoment, "nu": .secondMoment, "nu_max": .greatestSecondMoment]
    ),
    DialectRow(.optax, ["mu": .firstMoment, "nu": .secondMoment]),
  ]

  /// Keras keeps a vector of one element where AMSGrad's slot would be: `Adam.get_updates`.
  static let multiBackendRow = DialectRow(
    .kerasMultiBackend,
    list: [
      .each(["m": .firstMoment]), .each(["v": .secondMoment]),
      .each(["vhat": .greatestSecondMoment], when: "amsgrad"),
      .placeholders("vhat", .greatestSecondMoment, unless: "amsgrad"),
    ]
  )

  /// One kind of slot after another: `Adam._create_slots`.
  static let legacyRow = DialectRow(
    .tfKerasLegacy,
    list: [
      .each(["m": .firstMoment]), .each(["v": .secondMoment]),
      .each(["vhat": .greatestSecondMoment], when: "amsgrad"),
    ]
  )

  /// Kingma & Ba, 2015, Algorithm 1; Reddi et al., 2018, for AMSGrad.
  static let adam = OptimizerDescription(
    "adam",
    "Adam, its weight decay (if any) part of the gradient (arXiv:1412.6980)",
    slots: adamSlots,
    biasCorrection: .recorded,
    kerasClasses: ["Adam"],
    rows: adamRows
  )
}
