internal import Tensors

extension OptimizerDescription {
  private static let sum = SlotDescription("madgrad_s", .gradients)
  private static let squares = SlotDescription("madgrad_v", .squares)
  private static let first = SlotDescription(
    "madgrad_first_weights",
    .weights,
    beginning: .weights
  )

  /// Defazio & Jelassi, 2021, Algorithm 1.
  ///
  /// Without a momentum the first weights are found from the sums.
  static let madgrad = OptimizerDescription(
    "madgrad",
    "MADGRAD: weights from sums of gradients over the cube root of squares (arXiv:2101.11075)",
    slots: [.always(squares.name), .always(sum.name), .when("momentum", first.name)],
    ownSlots: [squares, sum, first],
    rows: [Dialect.timm, .pytorchOptimizer].flatMap { dialect in
      [
        DialectRow(
          dialect,
          ["grad_sum_sq": squares.name, "s": sum.name, "x0": first.name]
        ), DialectRow(dialect, ["grad_sum_sq": squares.name, "s": sum.name]),
      ]
    },
    settings: [
      SettingRow(
        .timm,
        [
          .rate(0.01), .epsilon(1e-6), .number("momentum", 0.9), .decay(0), .decoupledDecay,
        ],
        toldBy: ["lr", "eps", "momentum", "weight_decay", "decoupled_decay"],
        isToldBySlots: true,
        decay: .marked("decoupled_decay", apartKind: nil),
        countForm: .whole
      ),
      SettingRow(
        .pytorchOptimizer,
        [
          .rate(0.001), .foreach, .decay(0), .weightDecouple(false), .number("momentum", 0.9),
          .epsilon(1e-6),
        ],
        toldBy: ["lr", "weight_decay", "weight_decouple", "momentum", "eps"],
        isToldBySlots: true,
        // The group's step stays 0.
        unused: ["step"],
        decay: .marked("weight_decouple", apartKind: nil),
        counter: .state("k")
      ),
    ]
  )
}
