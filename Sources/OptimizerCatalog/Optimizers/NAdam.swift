internal import Tensors

extension OptimizerDescription {
  /// Dozat, 2016.
  ///
  /// Its product of momenta matters on resume, and is one number per variable in torch.
  static let nadam = OptimizerDescription(
    "nadam",
    "NAdam: Adam with Nesterov's momentum (Dozat, 2016)",
    slots: [.always(.momentumProduct), .always(.firstMoment), .always(.secondMoment)],
    biasCorrection: .always,
    kerasClasses: ["Nadam"],
    rows: [
      DialectRow(
        .torch,
        [
          "mu_product": .momentumProduct, "exp_avg": .firstMoment, "exp_avg_sq": .secondMoment,
        ]
      ),
      DialectRow(
        .kerasMultiBackend,
        list: [
          .scalar("m_schedule"), .each(["m": .firstMoment]), .each(["v": .secondMoment]),
        ]
      ),
      // Before 2.3 the product of momenta was not saved.
      DialectRow(
        .kerasMultiBackend,
        list: [.each(["m": .firstMoment]), .each(["v": .secondMoment])]
      ),
      DialectRow(
        .tfKerasLegacy,
        list: [
          .scalar("momentum_cache"), .each(["m": .firstMoment]), .each(["v": .secondMoment]),
        ]
      ),
      DialectRow(.tfKeras, ["m": .firstMoment, "v": .secondMoment]),
      DialectRow(
        .keras3,
        list: [
          .each(["momentum": .firstMoment, "velocity": .secondMoment]),
          .scalar("momentum_product"),
        ]
      ),
      DialectRow(.optax, ["mu": .firstMoment, "nu": .secondMoment]),
    ],
    settings: [
      SettingRow(
        .torch,
        SettingWord.adams(rate: 0.002) + [
          SettingWord("momentum_decay", .number("momentum_decay"), 0.004), .decoupling(false),
          .maximize, .foreach, .capturable, .differentiable,
        ],
        toldBy: ["momentum_decay"],
        decay: .marked("decoupled_weight_decay", apartKind: nil)
      )
    ]
  )
}
