internal import Tensors

extension OptimizerDescription {
  /// timm's `RMSpropTF`, made after TensorFlow 1's.
  ///
  /// Epsilon is inside of the root, the mean of squares begins at one, and the momentum adds up steps.
  static let rmspropTF = OptimizerDescription(
    "rmsprop_tf",
    "timm's RMSProp, as TensorFlow 1 has it: epsilon in the root, squares from one (arXiv:1308.0850)",
    slots: [
      .always(.meanSquare, beginning: 1), .when("momentum", .momentum),
      .when("centered", .meanGradient),
    ],
    rows: [
      DialectRow(
        .timm,
        ["square_avg": .meanSquare, "momentum_buffer": .momentum, "grad_avg": .meanGradient]
      ), DialectRow(.timm, ["square_avg": .meanSquare, "momentum_buffer": .momentum]),
      DialectRow(.timm, ["square_avg": .meanSquare]),
    ],
    settings: [
      SettingRow(
        .timm,
        [
          .rate(0.01), .number("momentum", 0), SettingWord("alpha", .number("rho"), 0.9),
          .epsilon(1e-10), .flag("centered"), .decay(0), .decoupledDecay, .correctedDecay,
          .greatestRate, SettingWord("lr_in_momentum", .flag("rate_in_momentum"), true), .caution,
          .foreach,
        ],
        toldBy: ["momentum", "alpha", "eps", "centered", "decoupled_decay", "lr_in_momentum"],
        decay: .marked("decoupled_decay", apartKind: nil)
      )
    ]
  )
}
