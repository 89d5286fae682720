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
    ],
    optaxTuple: StateTuple(.slots, .empty, .rate)
  )
}
