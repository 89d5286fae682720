internal import Tensors

extension OptimizerDescription {
  /// Zaheer et al., 2018, Algorithm 2.
  ///
  /// optax begins both moments at `initial_accumulator_value`, 1e-6 unless told otherwise.
  static let yogi = OptimizerDescription(
    "yogi",
    "Yogi: Adam whose second moment changes by no more than a squared gradient's share (Zaheer et al., 2018)",
    slots: [.always(.firstMoment, beginning: 1e-6), .always(.secondMoment, beginning: 1e-6)],
    biasCorrection: .always,
    rows: [DialectRow(.optax, ["mu": .firstMoment, "nu": .secondMoment])],
    optaxTuple: StateTuple(.slots, .rate)
  )
}
