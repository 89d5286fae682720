internal import Tensors

extension OptimizerDescription {
  /// The kind of schedule-free AdamW.
  package static let scheduleFree = "schedule_free_adamw"

  /// Defazio et al., 2024, Algorithm 1.
  ///
  /// The sum of the mean's weights and the greatest rate are settings of the group, which every update changes.
  static let scheduleFreeAdamW = OptimizerDescription(
    scheduleFree,
    "schedule-free AdamW: gradients between a fast sequence and its mean (arXiv:2405.15682)",
    slots: [.always(.baseWeights), .always(.secondMoment)],
    scalars: [
      ScalarDescription("k", .int(0), isCount: true),
      ScalarDescription("weight_sum", .double(0)),
      ScalarDescription("lr_max", .double(-1)),
      ScalarDescription("scheduled_lr", .double(0)),
    ],
    biasCorrection: .always,
    kerasClasses: ["ScheduleFreeAdamW"],
    rows: [
      DialectRow(.torch, ["z": .baseWeights, "exp_avg_sq": .secondMoment]),
      // What Keras calls a momentum is the copy of the weights that takes the steps.
      DialectRow(.keras3, ["momentum": .baseWeights, "velocity": .secondMoment]),
      DialectRow(.pytorchOptimizer, ["z": .baseWeights, "exp_avg_sq": .secondMoment]),
      // Two states, one inside the other: `schedule_free_adamw` of optax.contrib.
      DialectRow(.optax, ["z": .baseWeights]),
      DialectRow(.optax, ["nu": .secondMoment]),
    ],
    settings: [
      // `AdamWScheduleFree` of schedulefree 1.4.
      SettingRow(
        .torch,
        [
          .rate(0.0025), .betas, .epsilon(1e-8), SettingWord("r", .number("r"), 0),
          SettingWord("k", .count("k"), 0), SettingWord("warmup_steps", .count("warmup_steps"), 0),
          SettingWord("train_mode", .flag("train_mode"), false),
          SettingWord("weight_sum", .number("weight_sum"), 0),
          SettingWord("lr_max", .number("lr_max"), -1),
          SettingWord("scheduled_lr", .number("scheduled_lr"), 0),
          SettingWord("weight_lr_power", .number("weight_lr_power"), 2), .decay(0),
          SettingWord("foreach", .flag("foreach"), true),
        ],
        toldBy: ["betas", "k", "weight_lr_power", "weight_sum", "scheduled_lr"],
        decay: .apart,
        counter: .group("k")
      ),
      SettingRow(
        .pytorchOptimizer,
        [
          .rate(0.0025), .foreach, .betas, .decay(0), .number("r", 0),
          .number("weight_lr_power", 2),
          SettingWord("warmup_steps", .count("warmup_steps"), 0), .number("decoupling_c", 0),
          .flag("ams_bound"), .epsilon(1e-8), .flag("train_mode", true), .number("weight_sum", 0),
          .number("lr_max", -1), .flag("use_palm"),
        ],
        toldBy: [
          "betas", "weight_lr_power", "warmup_steps", "decoupling_c", "weight_sum", "lr_max",
        ],
        unused: ["step"],
        decay: .apart,
        counter: .group("step")
      ),
    ]
  )
}
