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
    DialectRow(.apex, ["exp_avg": .firstMoment, "exp_avg_sq": .secondMoment]),
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

  static let adamImplied = [
    ImpliedSetting(.bert4keras, "epsilon_placement", .string("corrected")),
    ImpliedSetting(.tfKerasLegacy, "bias_correction", .string("power")),
  ]

  /// Kingma & Ba, 2015, Algorithm 1; Reddi et al., 2018, for AMSGrad.
  static let adam = OptimizerDescription(
    "adam",
    "Adam, its weight decay (if any) part of the gradient (arXiv:1412.6980)",
    slots: adamSlots,
    biasCorrection: .recorded,
    kerasClasses: ["Adam"],
    rows: adamRows,
    settings: [
      .adamOfTorch(decay: 0, isApart: false),
      // `FusedAdam`, whose `adam_w_mode` is an attribute of the object.
      SettingRow(
        .apex,
        [
          .rate(0.001), SettingWord("bias_correction", .correction, true), .betas, .epsilon(1e-8),
          .decay(0),
        ],
        toldBy: ["lr", "bias_correction", "betas", "eps", "weight_decay"],
        unused: ["step"],
        decay: .untold(apartKind: "adamw"),
        counter: .group("step"),
        isTorchsArithmetic: false
      ),
    ],
    implied: adamImplied,
    keras: KerasTraits(mark: .init(words: ["beta_1", "epsilon"], scope: .unknown)),
    optaxTuple: StateTuple(.slots, .rate)
  )
}

extension SettingRow {
  /// Of Adam and AdamW, which are one class since torch 2.6; which of the two a group is of its mark says.
  static func adamOfTorch(decay: Double, isApart: Bool) -> SettingRow {
    SettingRow(
      .torch,
      SettingWord.adams(rate: 0.001, decay: decay) + [
        SettingWord("amsgrad", .flag("amsgrad"), false), .maximize, .foreach, .capturable,
        .differentiable, .fused, .decoupling(isApart),
      ],
      toldBy: ["lr", "betas", "eps", "weight_decay", "amsgrad"],
      decay: .marked("decoupled_weight_decay", apartKind: "adamw"),
      standsIn: true
    )
  }
}
