internal import Tensors

extension OptimizerDescription {
  private static var kerasWords: KeyValuePairs<String, SlotName> {
    ["accumulator": .accumulator, "linear": .linear]
  }

  /// McMahan et al., 2013, Algorithm 1.
  static let ftrl = OptimizerDescription(
    "ftrl",
    "FTRL-Proximal (McMahan et al., 2013)",
    slots: [.always(.accumulator), .always(.linear)],
    kerasClasses: ["Ftrl"],
    rows: [
      DialectRow(.tensorFlow, ["Ftrl": .accumulator, "Ftrl_1": .linear]),
      DialectRow(.tensorFlowObjects, ["accum": .accumulator, "linear": .linear]),
      DialectRow(.tfKerasLegacy, kerasWords),
      DialectRow(.tfKeras, kerasWords),
      DialectRow(.keras3, kerasWords),
    ]
  )
}
