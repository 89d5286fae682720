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
}
