internal import Tensors

extension OptimizerDescription {
  /// Jordan et al., 2024.
  ///
  /// The variables that are no matrices are trained by another optimizer beside it.
  static let muon = OptimizerDescription(
    "muon",
    "Muon: a momentum made orthogonal, for matrices (Jordan et al., 2024)",
    slots: [.always(.momentum)],
    kerasClasses: ["Muon"],
    rows: [
      DialectRow(.torch, ["momentum_buffer": .momentum]),
      DialectRow(.mlx, ["v": .momentum]),
      DialectRow(
        .keras3,
        list: [
          .each(words: [
            DialectRow.Word("momentum", .momentum),
            DialectRow.Word("velocity", .secondMoment, of: .leftToAdam),
          ])
        ]
      ),
      DialectRow(.optax, ["mu": .momentum]),
    ],
    settings: [
      SettingRow(
        .torch,
        [
          .rate(0.001), .decay(0.1), SettingWord("momentum", .number("momentum"), 0.95),
          SettingWord("nesterov", .flag("nesterov"), true),
          SettingWord("ns_coefficients", .list("ns_coefficients"), [3.4445, -4.775, 2.0315]),
          .epsilon(1e-7), SettingWord("ns_steps", .count("ns_steps"), 5),
          SettingWord("adjust_lr_fn", .word("adjust_lr_fn")),
        ],
        toldBy: ["momentum", "nesterov", "ns_coefficients", "ns_steps", "adjust_lr_fn"],
        decay: .apart,
        counter: .none
      )
    ]
  )
}
