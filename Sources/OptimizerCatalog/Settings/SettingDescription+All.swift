extension SettingDescription {
  private static let any = Domain.number(-.infinity ... .infinity)
  private static let positive = Domain.number(0 ... .infinity)
  private static let share = Domain.number(0...1)

  /// Every hyper-parameter that records have.
  public static let all: [SettingDescription] =
    rates + moments + rules + decays + gradients + habits + libraries

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
    SettingDescription("k", .count(atLeast: 0), "schedule-free and Prodigy: the updates so far"),
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

  /// Of optimizers that libraries for torch have.
  private static let libraries = [
    SettingDescription("library", .choice, "whose optimizer it is, where it is no framework's own"),
    SettingDescription(
      "lookahead_count",
      .count(atLeast: 0),
      "updates that timm's Lookahead has counted"
    ),
    SettingDescription("beta3", share, "decay of a third mean", isUnasked: true),
    SettingDescription("caution", .flag, "whether steps against the gradient are left out"),
    SettingDescription(
      "corrected_weight_decay",
      .flag,
      "timm's: whether weights decay by the square of the rate over the greatest"
    ),
    SettingDescription("greatest_rate", any, "timm's: the rate at the beginning", isUnasked: true),
    SettingDescription(
      "decays_before",
      .flag,
      "timm's: whether weights decay beside the step that is scaled"
    ),
    SettingDescription(
      "fixed_decay",
      .flag,
      "pytorch_optimizer's: whether weights decay whatever the rate is"
    ),
    SettingDescription("rectify", .flag, "whether the rate is rectified as RAdam's is"),
    SettingDescription(
      "degenerated_to_sgd",
      .flag,
      "AdaBelief's: whether it steps by the mean while it cannot be rectified"
    ),
    SettingDescription("ams_bound", .flag, "whether the greatest mean of squares so far divides"),
    SettingDescription("no_prox", .flag, "Adan's: whether weights decay before the step"),
    SettingDescription("clip_exp", any, "ADOPT's: the power of the step that bounds gradients"),
    SettingDescription("delta", any, "AdamP's and SGDP's: what cosine is no angle"),
    SettingDescription("wd_ratio", any, "AdamP's and SGDP's: the decay of projected weights"),
    SettingDescription(
      "grad_averaging",
      .flag,
      "whether the first mean takes a gradient's share or the gradient"
    ),
    SettingDescription("trust_clip", .flag, "whether the scale by layer is at most 1"),
    SettingDescription(
      "always_adapt",
      .flag,
      "whether steps are scaled by layer where weights do not decay"
    ),
    SettingDescription("unscaled", .flag, "pytorch_optimizer's LAMB: whether no layer is scaled"),
    SettingDescription("trust_coefficient", any, "LARS' share of the norm of the weights"),
    SettingDescription(
      "rate_in_momentum",
      .flag,
      "RMSProp's: whether the rate of their time is in the steps that the momentum adds up"
    ),
    SettingDescription("slow_share", any, "AdEMAMix' share of the slow mean"),
    SettingDescription(
      "slow_warmup",
      any,
      "AdEMAMix' updates until slow mean and share are full",
      isUnasked: true
    ),
    SettingDescription(
      "kahan_sum",
      .flag,
      "whether what rounding leaves of 16-bit weights is kept"
    ),
    SettingDescription("d", any, "Prodigy's estimate of the distance"),
    SettingDescription("d0", any, "Prodigy's first estimate"),
    SettingDescription("d_max", any, "Prodigy's greatest estimate"),
    SettingDescription("d_coef", any, "Prodigy's factor of the estimate"),
    SettingDescription("d_numerator", any, "Prodigy's sum over the estimate's gradients"),
    SettingDescription("growth_rate", any, "Prodigy's greatest growth of the estimate in a step"),
    SettingDescription("use_bias_correction", .flag, "Prodigy's: whether the bias is corrected"),
    SettingDescription(
      "safeguard_warmup",
      .flag,
      "Prodigy's: whether the rate is left out of the estimate"
    ),
    SettingDescription(
      "slice_p",
      .count(atLeast: 1),
      "Prodigy's: of so many elements one is in the estimate"
    ),
    SettingDescription("clipping_threshold", any, "timm's bound on a step", isUnasked: true),
    SettingDescription("mars_type", .choice, "whose step MARS takes"),
    SettingDescription("gamma", any, "MARS' share of the difference of gradients"),
    SettingDescription("optimize_1d", .flag, "MARS': whether vectors take its steps, too"),
    SettingDescription("lr_1d", any, "MARS': the rate of vectors"),
    SettingDescription("lr_1d_factor", any, "MARS': the factor of the rate for vectors"),
    SettingDescription("beta1_1d", share, "MARS': decay of the first moment of vectors"),
    SettingDescription("beta2_1d", share, "MARS': decay of the second moment of vectors"),
    SettingDescription("weight_decay_1d", any, "MARS': decay of vectors"),
    SettingDescription("decoupling_c", any, "schedule-free: the factor of the mean's weight"),
    SettingDescription("use_palm", .flag, "schedule-free: whether beta2 follows the step"),
  ]
}
