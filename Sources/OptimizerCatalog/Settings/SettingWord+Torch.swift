/// Words that many of torch's optimizers have: `torch/optim/*.py` of 2.13.
extension SettingWord {
  static let maximize = SettingWord("maximize", .unrecorded, false)
  static let capturable = SettingWord("capturable", .unrecorded, false)
  static let differentiable = SettingWord("differentiable", .unrecorded, false)

  /// For rules that are computed in another way where many tensors are at once.
  static let foreach = SettingWord("foreach", .switched("foreach"))

  /// For rules to which it makes no difference.
  static let anyForeach = SettingWord("foreach", .unrecorded)

  static let fused = SettingWord("fused", .fusing)

  static func decoupling(_ standard: Bool) -> SettingWord {
    SettingWord("decoupled_weight_decay", .decoupling, .flag(standard))
  }

  static func rate(_ standard: Double) -> SettingWord {
    SettingWord("lr", .number("learning_rate"), .number(standard))
  }

  static let betas = SettingWord("betas", .numbers(["beta1", "beta2"]), [0.9, 0.999])

  static func epsilon(_ standard: Double) -> SettingWord {
    SettingWord("eps", .number("epsilon"), .number(standard))
  }

  static func decay(_ standard: Double) -> SettingWord {
    SettingWord("weight_decay", .decay, .number(standard))
  }

  /// The four that Adam and its kin begin with.
  static func adams(
    rate standard: Double,
    epsilon: Double = 1e-8,
    decay: Double = 0
  ) -> [SettingWord] {
    [.rate(standard), betas, .epsilon(epsilon), .decay(decay)]
  }
}
