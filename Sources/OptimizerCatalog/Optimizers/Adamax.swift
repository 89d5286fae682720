internal import Tensors

extension OptimizerDescription {
  /// Kingma & Ba, 2015, Algorithm 2.
  static let adamax = OptimizerDescription(
    "adamax",
    "Adamax: Adam with the infinity norm (arXiv:1412.6980, section 7)",
    slots: [.always(.firstMoment), .always(.infinityNorm)],
    biasCorrection: .always,
    kerasClasses: ["Adamax"],
    rows: [
      DialectRow(.torch, ["exp_avg": .firstMoment, "exp_inf": .infinityNorm]),
      DialectRow(.mlx, ["m": .firstMoment, "v": .infinityNorm]),
      DialectRow(
        .kerasMultiBackend,
        list: [.each(["m": .firstMoment]), .each(["u": .infinityNorm])]
      ),
      DialectRow(.tfKerasLegacy, list: [.each(["m": .firstMoment]), .each(["v": .infinityNorm])]),
      DialectRow(.tfKeras, ["m": .firstMoment, "u": .infinityNorm]),
      DialectRow(.keras3, ["momentum": .firstMoment, "norm": .infinityNorm]),
      DialectRow(.optax, ["mu": .firstMoment, "nu": .infinityNorm]),
    ],
    settings: [
      // The RAdam of before 2.1 and many others have the same.
      SettingRow(
        .torch,
        SettingWord.adams(rate: 0.002) + [.foreach, .maximize, .differentiable, .capturable],
        toldBy: ["lr", "betas", "eps", "weight_decay"],
        isToldBySlots: true
      )
    ],
    optaxTuple: StateTuple(.slots, .rate)
  )
}
