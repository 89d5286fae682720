internal import Tensors

extension OptimizerCatalog {
  /// What a dialect's base class keeps for every optimizer, before the optimizer's own.
  ///
  /// Keras 3 has a variable for its rate unless a schedule object gives it: `BaseOptimizer.__init__`, `build`; tf_keras:
  /// `Optimizer.build`.
  ///
  /// - Parameter dialect: The dialect.
  /// - Returns: The parts, none where the base class keeps none.
  public static func base(of dialect: Dialect) -> [ListSection] {
    switch dialect {
    case .keras3:
      [
        .scalar("learning_rate", unless: scheduleSetting),
        .each(["average": .average], when: "ema_decay"),
        .each(["gradient_accumulator": .gradientAccumulator], when: "accumulation_steps"),
      ]
    case .tfKeras: [.each(["average": .average], when: "ema_decay")]
    default: []
    }
  }

  /// The setting of ``base(of:)`` that is on where a schedule object gives the rate.
  public static let scheduleSetting = "schedule"

  /// Words for what is kept beside any optimizer's slots.
  ///
  /// `tf.train.ExponentialMovingAverage`; `MovingAverage` and `Lookahead` of tensorflow-addons; `extend_with_…` of
  /// bert4keras.
  static let wrapperRows: [DialectRow] =
    [
      DialectRow(.tensorFlow, ["ExponentialMovingAverage": .average]),
      DialectRow(.tfKerasLegacy, ["average": .average]),
      DialectRow(.tfKerasLegacy, ["slow": .slowWeights]),
      DialectRow(.bert4keras, ["ema": .average]),
      DialectRow(.bert4keras, ["ag": .gradientAccumulator]),
      DialectRow(.bert4keras, ["slow_var": .slowWeights]),
    ] + [Dialect.keras3, .tfKeras].map { DialectRow($0, list: base(of: $0)) }

  /// What timm's Lookahead puts into the groups of the optimizer inside: `lookahead.py` of timm 1.0.
  public static let lookaheadWords = [
    SettingWord("lookahead_alpha", .number("lookahead_rate"), 0.5),
    SettingWord("lookahead_k", .count("lookahead_steps"), 6),
    SettingWord("lookahead_step", .count("lookahead_count"), 0),
  ]

  /// The slot that timm's Lookahead keeps beside the optimizer's, from its first turn on.
  public static let lookaheadSlot = DialectRow.Word("lookahead_slow_buff", .slowWeights)

  /// Numbers that wrappers of any optimizer change with every update.
  public static let wrapperScalars = [ScalarDescription("lookahead_count", .int(0), isCount: true)]
}
