internal import Tensors

extension OptimizerDescription {
  /// You et al., 2020, Algorithm 2.
  ///
  /// It keeps Adam's moments.
  static let lamb = OptimizerDescription(
    "lamb",
    "LAMB: Adam's update scaled layer by layer (arXiv:1904.00962)",
    slots: [.always(.firstMoment), .always(.secondMoment)],
    biasCorrection: .always,
    kerasClasses: ["Lamb"],
    rows: [
      DialectRow(.bert, ["lamb_m": .firstMoment, "lamb_v": .secondMoment]),
      DialectRow(.apex, ["exp_avg": .firstMoment, "exp_avg_sq": .secondMoment]),
      DialectRow(.timm, ["exp_avg": .firstMoment, "exp_avg_sq": .secondMoment]),
      DialectRow(.pytorchOptimizer, ["exp_avg": .firstMoment, "exp_avg_sq": .secondMoment]),
      DialectRow(.tfKerasLegacy, list: [.each(["m": .firstMoment]), .each(["v": .secondMoment])]),
      DialectRow(.keras3, ["momentum": .firstMoment, "velocity": .secondMoment]),
      DialectRow(.bert4keras, ["m": .firstMoment, "v": .secondMoment]),
      DialectRow(.optax, ["mu": .firstMoment, "nu": .secondMoment]),
    ],
    settings: [
      // `FusedLAMB`, whose `adam_w_mode` and `use_nvlamb` are attributes of the object.
      SettingRow(
        .apex,
        [
          .rate(0.001), SettingWord("bias_correction", .correction, true), .betas, .epsilon(1e-6),
          .decay(0.01), SettingWord("grad_averaging", .unrecorded, true),
          SettingWord("max_grad_norm", .bound("global_clip_norm"), 1),
        ],
        toldBy: ["lr", "bias_correction", "betas", "eps", "grad_averaging", "max_grad_norm"],
        unused: ["step"],
        decay: .untold(apartKind: "lamb"),
        counter: .group("step"),
        isTorchsArithmetic: false
      ),
      SettingRow(
        .timm,
        [
          .rate(0.001), SettingWord("bias_correction", .correction, true), .betas, .epsilon(1e-6),
          .decay(0.01), .flag("grad_averaging", true),
          SettingWord("max_grad_norm", .bound("global_clip_norm"), 1), .flag("trust_clip"),
          .flag("always_adapt"), .caution, .decayedBefore, .correctedDecay, .greatestRate, .foreach,
        ],
        toldBy: [
          "bias_correction", "grad_averaging", "max_grad_norm", "trust_clip", "always_adapt",
        ],
        unused: ["step"],
        decay: .apart,
        counter: .group("step"),
        countForm: .tensor
      ),
      SettingRow(
        .pytorchOptimizer,
        [
          .rate(0.001), .betas, .decay(0), .weightDecouple(true), .fixedDecay, .rectify(false),
          .flag("grad_averaging", true),
          SettingWord("max_grad_norm", .bound("global_clip_norm"), 1),
          SettingWord("adam", .flag("unscaled"), false), .epsilon(1e-6), .foreach,
        ],
        toldBy: ["weight_decouple", "rectify", "grad_averaging", "max_grad_norm", "adam"],
        unused: ["step"],
        // Of the last step, for people to read.
        remarks: ["weight_norm", "adam_norm", "trust_ratio"],
        decay: .marked("weight_decouple", apartKind: nil),
        counter: .group("step")
      ),
    ],
    keras: KerasTraits(mark: .init(words: ["exclude_from_layer_adaptation"], scope: .any)),
    optaxTuple: StateTuple(.slots, .empty, .empty, .rate)
  )
}
