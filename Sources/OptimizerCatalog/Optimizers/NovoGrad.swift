internal import Tensors

extension OptimizerDescription {
  /// The decayed mean of a gradient's squared norm, one number for a variable.
  private static let norm = SlotDescription("novograd_v", .squares, form: .scalar)

  /// Ginsburg et al., 2019, Algorithm 1.
  ///
  /// The momentum adds up gradients over the root of that mean, and the decay.
  static let novograd = OptimizerDescription(
    "novograd",
    "NovoGrad: a momentum of gradients over their norm, variable by variable (arXiv:1905.11286)",
    slots: [.always(.momentum), .always(norm.name)],
    ownSlots: [norm],
    rows: [DialectRow(.optax, ["mu": .momentum, "nu": norm.name])],
    optaxTuple: StateTuple(.slots, .rate)
  )
}
