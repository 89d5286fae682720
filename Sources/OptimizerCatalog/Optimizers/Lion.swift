internal import Tensors

extension OptimizerDescription {
  /// Chen et al., 2023, Algorithm 2.
  static let lion = OptimizerDescription(
    "lion",
    "Lion: the sign of a momentum (arXiv:2302.06675)",
    slots: [.always(.momentum)],
    kerasClasses: ["Lion", "LionV2"],
    rows: [
      DialectRow(.mlx, ["m": .momentum]),
      DialectRow(.tfKeras, ["m": .momentum]),
      DialectRow(.keras3, ["momentum": .momentum]),
      DialectRow(.bert4keras, ["m": .momentum]),
      DialectRow(.optax, ["mu": .momentum]),
      DialectRow(.timm, ["exp_avg": .momentum]),
      DialectRow(.pytorchOptimizer, ["exp_avg": .momentum]),
    ],
    settings: [
      SettingRow(
        .timm,
        [
          .rate(1e-4), .betas(0.9, 0.99), .decay(0), .caution, .correctedDecay, .greatestRate,
          .foreach, .maximize,
        ],
        toldBy: ["lr", "betas", "weight_decay", "caution"],
        decay: .apart,
        counter: .none
      ),
      SettingRow(
        .pytorchOptimizer,
        [
          .rate(1e-4), .betas(0.9, 0.99), .decay(0), .weightDecouple(true), .fixedDecay, .foreach,
        ],
        toldBy: ["lr", "betas", "weight_decay", "weight_decouple", "fixed_decay"],
        unused: ["step"],
        decay: .marked("weight_decouple", apartKind: nil),
        counter: .group("step")
      ),
    ],
    optaxTuple: StateTuple(.slots, .empty, .rate)
  )
}
