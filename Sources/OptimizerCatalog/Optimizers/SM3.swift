internal import Tensors

extension OptimizerDescription {
  private static let axes = [
    SlotDescription("sm3_axis_0", .maximum, form: .firstAxis),
    SlotDescription("sm3_axis_1", .maximum, form: .secondAxis),
    SlotDescription("sm3_axis_2", .maximum, form: .thirdAxis),
    SlotDescription("sm3_axis_3", .maximum, form: .fourthAxis),
  ]

  /// Anil et al., 2019, Algorithm 2.
  ///
  /// An element's sum of squares is the least of its axes'. The words are those of pytorch_optimizer 4.1, which counts in
  /// the group.
  static let sm3 = OptimizerDescription(
    "sm3",
    "SM3: for each index of each axis the greatest sum of squares (arXiv:1901.11150)",
    slots: axes.map { .always($0.name) } + [.always(.momentum)],
    ownSlots: axes,
    rows: [
      DialectRow(
        .pytorchOptimizer,
        list: [
          .each(
            words: [DialectRow.Word("momentum_buffer", .momentum)]
              + axes.enumerated().map { place, slot in
                DialectRow.Word("accumulator_\(place)", slot.name, keepsAxis: true)
              }
          )
        ]
      )
    ],
    settings: [
      SettingRow(
        .pytorchOptimizer,
        [
          .rate(0.1), SettingWord("momentum", .number("momentum"), 0),
          SettingWord("beta", .number("rho"), 0), .epsilon(1e-30), .anyForeach,
        ],
        toldBy: ["lr", "momentum", "beta", "eps"],
        unused: ["step"],
        counter: .group("step")
      )
    ]
  )
}
