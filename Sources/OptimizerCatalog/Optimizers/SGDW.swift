internal import Tensors

extension OptimizerDescription {
  /// Loshchilov & Hutter, 2019, Algorithm 1.
  static let sgdw = OptimizerDescription(
    "sgdw",
    "gradient descent with decoupled weight decay (arXiv:1711.05101)",
    slots: [.when("momentum", .momentum)],
    rows: [DialectRow(.timm, ["momentum_buffer": .momentum])],
    settings: [
      SettingRow(
        .timm,
        [
          .rate(0.001), .number("momentum", 0), .number("dampening", 0), .decay(0),
          .flag("nesterov"), .caution, .correctedDecay, .greatestRate, .maximize, .foreach,
          .differentiable,
        ],
        toldBy: ["momentum", "dampening", "nesterov", "caution"],
        decay: .apart,
        counter: .none
      )
    ]
  )
}
