extension SettingDescription {
  private static let any = Domain.number(-.infinity ... .infinity)
  private static let positive = Domain.number(0 ... .infinity)
  private static let share = Domain.number(0...1)

  /// Every hyper-parameter that records have.
  public static let all: [SettingDescription] =
    rates + moments + rules + decays + gradients + habits

  private static let rates = [
    SettingDescription(
      "learning_rate",
      any,
      "the rate where no schedule gives it",
      keras: .outdated("lr"),
      isUnasked: true
    ),
    SettingDescription(
      "learning_rate_decay",
      any,
      "Adagrad's: the rate is divided by 1 + (t − 1) times it",
      isUnasked: true
    ),
    SettingDescription(
      "learning_rate_power",
      .number(-.infinity...0),
      "FTRL's power of the accumulator"
    ),
    SettingDescription("lr_max", any, "schedule-free: the greatest rate so far"),
    SettingDescription(
      "weight_sum",
      positive,
      "schedule-free: the sum of the mean's weights so far"
    ),
    SettingDescription(
      "weight_lr_power",
      any,
      "schedule-free: the power of the rate in the mean's weights"
    ),
    SettingDescription("k", .count(atLeast: 0), "schedule-free: the updates so far"),
    SettingDescription("scheduled_lr", any, "schedule-free: the rate of the last update"),
    SettingDescription(
      "warmup_steps",
      .count(atLeast: 0),
      "schedule-free: updates until the rate is full"
    ),
    SettingDescription("r", any, "schedule-free: the power of the step in the mean's weights"),
    SettingDescription(
      "train_mode",
      .flag,
      "schedule-free: whether the weights are those to train on"
    ),
  ]

  private static let moments = [
    SettingDescription("beta1", share, "decay of the first moment", keras: .word("beta_1")),
    SettingDescription("beta2", share, "decay of the second moment", keras: .word("beta_2")),
    SettingDescription("rho", share, "decay of the mean of squares"),
    SettingDescription("epsilon", any, "guards the division"),
    SettingDescription("epsilon_placement", .choice, "what epsilon is added to"),
    SettingDescription(
      "bias_correction",
      .choice,
      "where the powers come from that correct the moments' bias",
      keras: .word("bias_correction", .correction)
    ),
    SettingDescription("amsgrad", .flag, "whether the greatest second moment so far divides"),
    SettingDescription("centered", .flag, "whether the mean of gradients is subtracted"),
    SettingDescription("momentum", any, "decay of the momentum", isUnasked: true),
    SettingDescription("momentum_decay", any, "NAdam's: how fast its momentum rises"),
    SettingDescription(
      "dampening",
      any,
      "what share of a gradient the momentum leaves out",
      isUnasked: true
    ),
    SettingDescription("nesterov", .flag, "whether the momentum looks ahead"),
    SettingDescription("buffer", .choice, "whether momentum buffers hold gradients or steps"),
    SettingDescription(
      "initial_accumulator_value",
      any,
      "what sums or means of squares begin at",
      isUnasked: true
    ),
  ]

  private static let rules = [
    SettingDescription(
      "decay_exponent",
      any,
      "Adafactor's: the second moment's decay is 1 − t to the power of minus it",
      keras: .word("beta_2_decay", .negated)
    ),
    SettingDescription("epsilon1", any, "Adafactor's: added to squares", keras: .word("epsilon_1")),
    SettingDescription("epsilon2", any, "Adafactor's: the least scale", keras: .word("epsilon_2")),
    SettingDescription(
      "clip_threshold",
      any,
      "Adafactor's bound on an update's root mean square",
      keras: .word("clipping_threshold")
    ),
    SettingDescription("relative_step", .flag, "Adafactor's: whether the rate falls with the step"),
    SettingDescription(
      "multiply_by_parameter_scale",
      .flag,
      "Adafactor's: whether the rate is relative to the weights"
    ),
    SettingDescription("layer_adaptation", .flag, "LAMB's: whether the step is scaled by layer"),
    SettingDescription("decay_placement", .choice, "LAMB's: where the weights decay"),
    SettingDescription("lambd", any, "ASGD's decay of the weights"),
    SettingDescription("alpha", any, "ASGD's power of the falling rate"),
    SettingDescription("t0", any, "ASGD's step from which the weights are averaged"),
    SettingDescription("eta_minus", any, "Rprop's factor where a sign has turned"),
    SettingDescription("eta_plus", any, "Rprop's factor where a sign has stayed"),
    SettingDescription("step_size_min", any, "Rprop's least step"),
    SettingDescription("step_size_max", any, "Rprop's greatest step"),
    SettingDescription(
      "ns_coefficients",
      .numbers,
      "Muon's polynomial, whose iteration makes a matrix orthogonal"
    ),
    SettingDescription("ns_steps", .count(atLeast: 0), "Muon's iterations of its polynomial"),
    SettingDescription("adjust_lr_fn", .choice, "how Muon's rate follows a matrix' shape"),
    SettingDescription("beta", any, "FTRL's: added to the root of the accumulator"),
    SettingDescription("l1_regularization_strength", any, "FTRL's penalty of absolute values"),
    SettingDescription("l2_regularization_strength", any, "FTRL's penalty of squares"),
    SettingDescription("l2_shrinkage_regularization_strength", any, "FTRL's decay in the gradient"),
  ]

  private static let decays = [
    SettingDescription(
      "weight_decay",
      any,
      "decay of the weights beside the gradient",
      keras: .outdated("weight_decay_rate")
    ),
    SettingDescription("exclude_from_weight_decay", .words, "patterns: names that do not decay"),
    SettingDescription("weight_decay_pattern", .words, "texts: names that decay, and no others"),
    SettingDescription(
      "exclude_from_layer_adaptation",
      .words,
      "patterns: names that LAMB does not scale"
    ),
    SettingDescription("l1", any, "penalty of absolute values, in the gradient"),
    SettingDescription("l2", any, "penalty of squares, in the gradient"),
  ]

  private static let gradients = [
    SettingDescription(
      "global_clip_norm",
      positive,
      "bound on the norm of all gradients",
      keras: .word("global_clipnorm")
    ),
    SettingDescription(
      "clip_norm",
      positive,
      "bound on a gradient's norm",
      keras: .word("clipnorm")
    ),
    SettingDescription("clip_value", positive, "bound on elements", keras: .word("clipvalue")),
    SettingDescription(
      "smooth_clip_norm",
      positive,
      "bound on the norm of all gradients, with 1e-6 added"
    ),
    SettingDescription(
      "accumulation_steps",
      .count(atLeast: 1),
      "gradients of an update",
      keras: .word("gradient_accumulation_steps"),
      .outdated("grad_accum_steps")
    ),
  ]

  private static let habits = [
    SettingDescription("arithmetic", .choice, "whose operations and roundings are followed"),
    SettingDescription("foreach", .flag, "whether torch's path of many tensors at once ran"),
    SettingDescription("square_root", .choice, "whose square root torch's library took"),
    SettingDescription(
      "lookahead_steps",
      .count(atLeast: 0),
      "updates between those of the slow weights; 0 is none",
      keras: .word("steps_per_slow_update")
    ),
    SettingDescription(
      "lookahead_rate",
      any,
      "how far the slow weights follow",
      keras: .word("slow_step_size")
    ),
    SettingDescription(
      "ema_decay",
      share,
      "decay of the average of the weights",
      keras: .word("ema_momentum")
    ),
  ]
}
