internal import Tensors

extension OptimizerDescription {
  /// You et al., 2020, Algorithm 2.
  ///
  /// It keeps Adam's moments.
  static let lamb = OptimizerDescription(
    "lamb",
    "LAMB: Adam's update scaled layer by layer (arXiv:1904.00962)",
    slots: [.always(.firstMoment), .always(.secondMoment)],
    biasCorrection: .always,
    kerasClasses: ["Lamb"],
    rows: [
      DialectRow(.bert, ["lamb_m": .firstMoment, "lamb_v": .secondMoment]),
      DialectRow(.tfKerasLegacy, list: [.each(["m": .firstMoment]), .each(["v": .secondMoment])]),
      DialectRow(.keras3, ["momentum": .firstMoment, "velocity": .secondMoment]),
      DialectRow(.bert4keras, ["m": .firstMoment, "v": .secondMoment]),
      DialectRow(.optax, ["mu": .firstMoment, "nu": .secondMoment]),
    ],
    keras: KerasTraits(mark: .init(words: ["exclude_from_layer_adaptation"], scope: .any)),
    optaxTuple: StateTuple(.slots, .empty, .empty, .rate)
  )
}
