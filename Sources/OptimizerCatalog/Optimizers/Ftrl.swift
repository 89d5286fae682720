internal import Tensors

extension OptimizerDescription {
  /// McMahan et al., 2013, Algorithm 1.
  static let ftrl = OptimizerDescription(
    "ftrl",
    "FTRL-Proximal (McMahan et al., 2013)",
    slots: [.always(.accumulator), .always(.linear)],
    kerasClass: "Ftrl",
    rows: [DialectRow(.tensorFlow, ["Ftrl": .accumulator, "Ftrl_1": .linear])]
  )
}
