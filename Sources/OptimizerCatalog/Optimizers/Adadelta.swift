internal import Tensors

extension OptimizerDescription {
  private static var kerasWords: KeyValuePairs<String, SlotName> {
    ["accumulated_grad": .accumulator, "accumulated_delta_var": .updateAccumulator]
  }

  /// Zeiler, 2012, Algorithm 1.
  static let adadelta = OptimizerDescription(
    "adadelta",
    "Adadelta: means of squared gradients and of squared updates (arXiv:1212.5701)",
    slots: [.always(.accumulator, beginning: 0), .always(.updateAccumulator)],
    kerasClasses: ["Adadelta"],
    rows: [
      DialectRow(.torch, ["square_avg": .accumulator, "acc_delta": .updateAccumulator]),
      DialectRow(
        .tensorFlow,
        list: [
          .each(words: [
            DialectRow.Word("Adadelta", .accumulator, beginning: 0),
            DialectRow.Word("Adadelta_1", .updateAccumulator),
          ])
        ]
      ),
      DialectRow(.mlx, ["v": .accumulator, "u": .updateAccumulator]),
      DialectRow(
        .tensorFlowObjects,
        ["accum": .accumulator, "accum_update": .updateAccumulator]
      ),
      DialectRow(
        .kerasMultiBackend,
        list: [
          .each(["accumulator": .accumulator]), .each(["delta_accumulator": .updateAccumulator]),
        ]
      ),
      DialectRow(
        .tfKerasLegacy,
        list: [.each(["accum_grad": .accumulator]), .each(["accum_var": .updateAccumulator])]
      ),
      DialectRow(.tfKeras, kerasWords),
      DialectRow(.keras3, kerasWords),
      DialectRow(.optax, ["e_g": .accumulator, "e_x": .updateAccumulator]),
    ],
    settings: [
      SettingRow(
        .torch,
        [
          .rate(1), SettingWord("rho", .number("rho"), 0.9), .epsilon(1e-6), .decay(0), .maximize,
          .capturable, .foreach, .differentiable,
        ],
        toldBy: ["lr", "rho", "eps"]
      )
    ],
    keras: KerasTraits(wasUncounted: true),
    optaxTuple: StateTuple(.empty, .slots, .rate, isCounted: false)
  )
}
