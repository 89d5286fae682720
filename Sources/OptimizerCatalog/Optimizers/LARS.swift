internal import Tensors

extension OptimizerDescription {
  /// You et al., 2017, Algorithm 1.
  static let lars = OptimizerDescription(
    "lars",
    "LARS: gradient descent scaled layer by layer (arXiv:1708.03888)",
    slots: [.when("momentum", .momentum)],
    rows: [DialectRow(.timm, ["momentum_buffer": .momentum])],
    settings: [
      SettingRow(
        .timm,
        [
          .rate(1), .number("momentum", 0), .number("dampening", 0), .decay(0), .flag("nesterov"),
          SettingWord("trust_coeff", .number("trust_coefficient"), 0.001), .epsilon(1e-8),
          .flag("trust_clip"), .flag("always_adapt"), .foreach,
        ],
        toldBy: ["momentum", "dampening", "trust_coeff", "trust_clip", "always_adapt"],
        counter: .none
      )
    ]
  )
}
