internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors

/// An optimizer of PyTorch's: its settings in the order of its groups, and its slots.
///
/// Sources: `torch/optim/*.py` of 2.13; `transformers/optimization.py`.
struct TorchRule: Sendable {
  /// What a group's key holds.
  enum Field: Sendable {
    /// A number of the record, under its key there.
    case number(String)
    /// A truth value of the record.
    case flag(String)
    /// The two betas.
    case betas
    /// Weight decay: decoupled, or through the gradient.
    case decay
    /// Whether the decay is decoupled.
    case decoupled
    /// The negative of a number.
    case negative(String)
    /// Adafactor's two epsilons.
    case epsilons
    /// Whether the fused kernel runs.
    case fused
    /// Whether the foreach path runs, of a rule that is computed in another way there.
    case foreach
    /// Two numbers of the record, under their keys there.
    case pair(String, String)
    /// A whole number of the record.
    case count(String)
    /// A bound of the record, which a negative number turns off.
    case bound(String)
    /// False, which PyTorch gives where nobody asks.
    case off
    /// None, which PyTorch gives where nobody asks.
    case unset
  }

  /// The kind of record.
  let kind: String
  let fields: [(key: String, field: Field)]

  /// Slots by the key of the state.
  let slots: [(key: String, slot: SlotName)]

  /// Whether a step is counted for every parameter.
  var hasStep = true

  /// Settings that older versions or subclasses have and records do not.
  var unused: Set<String> = []

  /// Whether PyTorch's own defaults stand in for numbers that a state does not say, with a note; they are none of the
  /// other frameworks' for the rest.
  var hasUsualNumbers = false

  /// Slots that only some settings have.
  static let optionalSlots: Set<SlotName> = [
    .greatestSecondMoment, .meanGradient, .factoredRow, .factoredColumn,
  ]

  private static let switches: [(key: String, field: Field)] = [
    ("maximize", .off), ("foreach", .foreach),
  ]
  private static let capturable: (key: String, field: Field) = (
    "capturable", .off
  )
  private static let differentiable: (key: String, field: Field) = (
    "differentiable", .off
  )
  private static let rateBetas: [(key: String, field: Field)] = [
    ("lr", .number("learning_rate")), ("betas", .betas), ("eps", .number("epsilon")),
    ("weight_decay", .decay),
  ]
  private static func words(_ kind: String, in dialect: Dialect = .torch)
    -> [(key: String, slot: SlotName)]
  {
    OptimizerCatalog.description(of: kind)?.words(in: dialect).map { ($0.text, $0.slot) } ?? []
  }

  static let adam = TorchRule(
    kind: "adam",
    fields: rateBetas + [("amsgrad", .flag("amsgrad"))] + switches + [
      capturable, differentiable, ("fused", .fused), ("decoupled_weight_decay", .decoupled),
    ],
    slots: words("adam"),
    unused: ["correct_bias"],
    hasUsualNumbers: true
  )
  static let sgd = TorchRule(
    kind: "sgd",
    fields: [
      ("lr", .number("learning_rate")), ("momentum", .number("momentum")),
      ("dampening", .number("dampening")), ("weight_decay", .decay),
      ("nesterov", .flag("nesterov")),
    ] + switches + [differentiable, ("fused", .fused)],
    slots: words("sgd"),
    hasStep: false,
    hasUsualNumbers: true
  )
  static let rmsprop = TorchRule(
    kind: "rmsprop",
    fields: [
      ("lr", .number("learning_rate")), ("momentum", .number("momentum")),
      ("alpha", .number("rho")), ("eps", .number("epsilon")), ("centered", .flag("centered")),
      ("weight_decay", .decay), capturable, ("foreach", .foreach),
      ("maximize", .off), differentiable,
    ],
    slots: words("rmsprop"),
    hasUsualNumbers: true
  )
  static let adagrad = TorchRule(
    kind: "adagrad",
    fields: [
      ("lr", .number("learning_rate")), ("lr_decay", .number("learning_rate_decay")),
      ("eps", .number("epsilon")), ("weight_decay", .decay),
      ("initial_accumulator_value", .number("initial_accumulator_value")),
      ("foreach", .foreach), ("maximize", .off), differentiable,
      ("fused", .fused),
    ],
    slots: words("adagrad"),
    hasUsualNumbers: true
  )
  static let adadelta = TorchRule(
    kind: "adadelta",
    fields: [
      ("lr", .number("learning_rate")), ("rho", .number("rho")), ("eps", .number("epsilon")),
      ("weight_decay", .decay), ("maximize", .off), capturable,
      ("foreach", .foreach), differentiable,
    ],
    slots: words("adadelta")
  )
  static let adamax = TorchRule(
    kind: "adamax",
    fields: rateBetas + [
      ("foreach", .foreach), ("maximize", .off), differentiable,
      capturable,
    ],
    slots: words("adamax")
  )
  static let nadam = TorchRule(
    kind: "nadam",
    fields: rateBetas + [
      ("momentum_decay", .number("momentum_decay")), ("decoupled_weight_decay", .decoupled),
      ("maximize", .off), ("foreach", .foreach), capturable, differentiable,
    ],
    slots: words("nadam")
  )
  static let radam = TorchRule(
    kind: "radam",
    fields: rateBetas + [
      ("maximize", .off), ("foreach", .foreach), capturable,
      ("decoupled_weight_decay", .decoupled), differentiable,
    ],
    slots: words("radam")
  )
  static let asgd = TorchRule(
    kind: "asgd",
    fields: [
      ("lr", .number("learning_rate")), ("lambd", .number("lambd")), ("alpha", .number("alpha")),
      ("t0", .number("t0")), ("weight_decay", .decay), ("foreach", .foreach), ("maximize", .off),
      differentiable, capturable,
    ],
    slots: words("asgd")
  )
  static let rprop = TorchRule(
    kind: "rprop",
    fields: [
      ("lr", .number("learning_rate")), ("etas", .pair("eta_minus", "eta_plus")),
      ("step_sizes", .pair("step_size_min", "step_size_max")), ("foreach", .unset),
      ("maximize", .off), differentiable, capturable,
    ],
    slots: words("rprop")
  )
  static let adafactor = TorchRule(
    kind: "adafactor",
    fields: [
      ("lr", .number("learning_rate")), ("beta2_decay", .negative("decay_exponent")),
      ("eps", .epsilons), ("d", .number("clip_threshold")), ("weight_decay", .decay),
      ("foreach", .unset), ("maximize", .off),
    ],
    slots: words("adafactor"),
    hasUsualNumbers: true
  )
  /// schedulefree's AdamWScheduleFree, which counts its updates for a group.
  static let scheduleFreeAdamW = TorchRule(
    kind: "schedule_free_adamw",
    fields: [
      ("lr", .number("learning_rate")), ("betas", .betas), ("eps", .number("epsilon")),
      ("r", .number("r")), ("k", .count("k")), ("warmup_steps", .count("warmup_steps")),
      ("train_mode", .flag("train_mode")), ("weight_sum", .number("weight_sum")),
      ("lr_max", .number("lr_max")), ("scheduled_lr", .number("scheduled_lr")),
      ("weight_lr_power", .number("weight_lr_power")), ("weight_decay", .decay),
      ("foreach", .flag("foreach")),
    ],
    slots: words("schedule_free_adamw"),
    hasStep: false
  )
  /// bitsandbytes' AdamW and its Adam, in 32 bits or in eight.
  static let bitsandbytesAdamW = TorchRule(
    kind: "adamw",
    fields: [
      ("lr", .number("learning_rate")), ("betas", .betas), ("eps", .number("epsilon")),
      ("weight_decay", .decay),
    ],
    slots: words("adamw", in: .bitsandbytes),
    unused: ["alpha", "t_alpha", "t_beta3"]
  )
  /// The BertAdam of pytorch-pretrained-bert, whose schedule is in its groups as well.
  static let bertAdam = TorchRule(
    kind: "bert_adamw",
    fields: [
      ("lr", .number("learning_rate")), ("b1", .number("beta1")), ("b2", .number("beta2")),
      ("e", .number("epsilon")), ("weight_decay", .decay),
      ("max_grad_norm", .bound("clip_norm")),
    ],
    slots: words("bert_adamw", in: .transformers),
    unused: ["schedule", "warmup", "t_total"]
  )
  /// The Adafactor of transformers.
  static let adafactorOfTransformers = TorchRule(
    kind: "adafactor",
    fields: [
      ("lr", .number("learning_rate")), ("eps", .epsilons),
      ("clip_threshold", .number("clip_threshold")), ("decay_rate", .negative("decay_exponent")),
      ("weight_decay", .decay),
    ],
    slots: words("adafactor", in: .transformers),
    unused: ["beta1", "scale_parameter", "relative_step", "warmup_init"]
  )

  /// The rule that a group's keys belong to, `nil` where they are none that is known.
  ///
  /// - Parameters:
  ///   - keys: The keys of a group.
  ///   - stateKeys: The keys of what is kept for the parameters.
  /// - Returns: The rule, or `nil`.
  static func recognize(_ keys: Set<String>, _ stateKeys: Set<String>) -> TorchRule? {
    guard let rule = nearest(keys, stateKeys), rule.accounts(for: keys) else { return nil }
    // Who keeps something else computes something else; transformers' Adafactor keeps a number for people to read, and
    // DeepSpeed a copy of half-precision weights beside any optimizer's slots.
    let own = Set(rule.slots.map(\.key)).union(["step", "RMS", SlotName.master.rawValue])
    return stateKeys.isSubset(of: own) ? rule : nil
  }

  /// Keys of a group that schedulers and users of any optimizer put there.
  private static let neutral: Set = [
    "params", "param_names", "name", "initial_lr", "max_lr", "min_lr", "max_momentum",
    "base_momentum", "swa_lr", "lr_scale",
  ]

  /// Whether a group has no setting but the rule's own; beside all of those that torch 1.13 and later write, any key is
  /// one that a user has put there.
  private func accounts(for keys: Set<String>) -> Bool {
    keys.isSuperset(of: ["foreach", "maximize", "differentiable"])
      || keys.subtracting(Self.neutral).subtracting(unused)
        .isSubset(of: fields.map(\.key))
  }

  /// The rule whose settings a group has, whatever else it has.
  private static func nearest(_ keys: Set<String>, _ stateKeys: Set<String>) -> TorchRule? {
    if keys.contains("momentum_decay") { return nadam }
    // The reference form of schedulefree keeps other slots, its RAdam has a silent phase.
    if keys.isSuperset(of: ["betas", "k", "weight_lr_power", "weight_sum", "scheduled_lr"]) {
      let isOther = keys.contains("silent_sgd_phase") || keys.contains("decay_at_z")
      return isOther ? nil : scheduleFreeAdamW
    }
    if keys.isSuperset(of: ["b1", "b2", "e", "max_grad_norm"]) { return bertAdam }
    // Its optimizers differ in what they keep.
    if keys.isSuperset(of: bitsandbytesAdamW.unused) {
      return stateKeys.contains("state2") ? bitsandbytesAdamW : nil
    }
    if keys.isSuperset(of: ["lambd", "alpha", "t0"]) { return asgd }
    if keys.isSuperset(of: ["etas", "step_sizes"]) { return rprop }
    if keys.isSuperset(of: ["lr", "betas", "eps", "weight_decay"]) {
      if keys.contains("amsgrad") || keys.contains("correct_bias") { return adam }
      if stateKeys.contains("exp_inf") { return adamax }
      // The RAdam of before 2.1 has nothing that tells it from a dozen others.
      return keys.contains("decoupled_weight_decay") ? radam : nil
    }
    if keys.isSuperset(of: ["alpha", "centered"]) { return rmsprop }
    if keys.isSuperset(of: ["momentum", "dampening", "nesterov"]) { return sgd }
    if keys.contains("lr_decay") { return adagrad }
    if keys.isSuperset(of: ["lr", "rho", "eps"]) { return adadelta }
    if keys.contains("beta2_decay") { return adafactor }
    if keys.isSuperset(of: ["clip_threshold", "decay_rate"]) { return adafactorOfTransformers }
    return nil
  }

  /// The slot that a key of the state is, by its own name where it is none that is known.
  func slot(_ key: String) -> SlotName {
    slots.first { $0.key == key }?.slot ?? SlotName(rawValue: key)
  }
}

extension TorchRule {
  /// The rule that a record's kind is written as, `nil` where PyTorch has none.
  init?(kind: String) {
    switch kind {
    case "adam", "adamw", "bert_adamw", "keras_bert_adamw": self = Self.adam
    case "sgd": self = Self.sgd
    case "rmsprop": self = Self.rmsprop
    case "adagrad": self = Self.adagrad
    case "adadelta": self = Self.adadelta
    case "adamax": self = Self.adamax
    case "nadam": self = Self.nadam
    case "radam": self = Self.radam
    case "asgd": self = Self.asgd
    case "rprop": self = Self.rprop
    case "schedule_free_adamw": self = Self.scheduleFreeAdamW
    case "adafactor": self = Self.adafactor
    default: return nil
    }
  }

  /// Slots without which a parameter's state is no use to the rule.
  var requiredSlots: [SlotName] {
    switch kind {
    case "rmsprop": [.meanSquare]
    case "adafactor": []
    default: slots.map(\.slot).filter { !Self.optionalSlots.contains($0) }
    }
  }
}
