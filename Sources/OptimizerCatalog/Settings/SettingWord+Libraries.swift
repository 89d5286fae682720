/// Words that many optimizers of timm and of pytorch_optimizer have.
extension SettingWord {
  /// Steps only where they and the gradient have one sign.
  static let caution = SettingWord("caution", .flag("caution"), false)

  static let correctedDecay = SettingWord(
    "corrected_weight_decay",
    .flag("corrected_weight_decay"),
    false
  )

  /// The default is the rate that the optimizer is made with.
  static let greatestRate = SettingWord("max_lr_snapshot", .number("greatest_rate"))

  static let decoupledDecay = SettingWord("decoupled_decay", .decoupling, false)

  /// For rules whose decay never goes through the gradient.
  static let decayedBefore = SettingWord("decoupled_decay", .flag("decays_before"), false)

  static func weightDecouple(_ standard: Bool) -> SettingWord {
    SettingWord("weight_decouple", .decoupling, .flag(standard))
  }

  static let fixedDecay = SettingWord("fixed_decay", .flag("fixed_decay"), false)

  static func rectify(_ standard: Bool) -> SettingWord {
    SettingWord("rectify", .flag("rectify"), .flag(standard))
  }

  /// For rules that pytorch_optimizer does not compute tensor by tensor unless told so.
  static let foreachOff = SettingWord("foreach", .flag("foreach"), false)

  static func betas(_ first: Double, _ second: Double) -> SettingWord {
    SettingWord("betas", .numbers(["beta1", "beta2"]), .numbers([first, second]))
  }

  static func betas(_ first: Double, _ second: Double, _ third: Double) -> SettingWord {
    SettingWord("betas", .numbers(["beta1", "beta2", "beta3"]), .numbers([first, second, third]))
  }

  static func flag(_ name: String, _ standard: Bool = false) -> SettingWord {
    SettingWord(name, .flag(name), .flag(standard))
  }

  static func number(_ name: String, _ standard: Double) -> SettingWord {
    SettingWord(name, .number(name), .number(standard))
  }

  /// A number that is nothing unless somebody asks for it.
  static func number(_ name: String) -> SettingWord { SettingWord(name, .number(name)) }
}
