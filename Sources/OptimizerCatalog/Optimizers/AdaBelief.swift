internal import Tensors

extension OptimizerDescription {
  /// Squares of what the first moment did not foresee: no Adam's second moment, though kept in its place.
  private static let surprise = SlotDescription("adabelief_s", .squares)

  /// Zhuang et al., 2020, Algorithm 2.
  static let adabelief = OptimizerDescription(
    "adabelief",
    "AdaBelief: Adam with the gradients' squared distance from their mean (arXiv:2010.07468)",
    slots: [.always(.firstMoment), .always(surprise.name)],
    ownSlots: [surprise],
    biasCorrection: .always,
    rows: [DialectRow(.optax, ["mu": .firstMoment, "nu": surprise.name])],
    optaxTuple: StateTuple(.slots, .rate)
  )
}
