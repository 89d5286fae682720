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
    kerasClass: "Nadam",
    rows: [
      DialectRow(
        .torch,
        [
          "mu_product": .momentumProduct, "exp_avg": .firstMoment, "exp_avg_sq": .secondMoment,
        ]
      )
    ]
  )
}
