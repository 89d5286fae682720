internal import Tensors

extension OptimizerDescription {
  /// Polyak & Juditsky, 1992.
  ///
  /// The next step's rate and share are kept, one number each for every parameter.
  static let asgd = OptimizerDescription(
    "asgd",
    "ASGD: gradient descent with a falling rate and a mean of the weights (Polyak & Juditsky, 1992)",
    slots: [.always(.currentRate), .always(.averagingShare), .always(.averagedWeights)],
    rows: [
      DialectRow(.torch, ["eta": .currentRate, "mu": .averagingShare, "ax": .averagedWeights])
    ],
    settings: [
      SettingRow(
        .torch,
        [
          .rate(0.01), SettingWord("lambd", .number("lambd"), 1e-4),
          SettingWord("alpha", .number("alpha"), 0.75), SettingWord("t0", .number("t0"), 1e6),
          .decay(0), .foreach, .maximize, .differentiable, .capturable,
        ],
        toldBy: ["lambd", "alpha", "t0"]
      )
    ]
  )
}
