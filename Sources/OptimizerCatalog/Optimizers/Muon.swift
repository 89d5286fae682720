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
    ]
  )
}
