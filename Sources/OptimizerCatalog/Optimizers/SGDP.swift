internal import Tensors

extension OptimizerDescription {
  /// Heo et al., 2021, Algorithm 1.
  static let sgdp = OptimizerDescription(
    "sgdp",
    "SGDP: gradient descent without the part of a step that makes weights longer (arXiv:2006.08217)",
    slots: [.always(.momentum)],
    rows: [Dialect.timm, .pytorchOptimizer].map { DialectRow($0, ["momentum": .momentum]) },
    settings: [
      SettingRow(
        .timm,
        [
          SettingWord("lr", .number("learning_rate")), .number("momentum", 0),
          .number("dampening", 0), .decay(0), .flag("nesterov"), .epsilon(1e-8),
          .number("delta", 0.1), .number("wd_ratio", 0.1), .caution,
        ],
        toldBy: ["momentum", "dampening", "nesterov", "eps", "delta", "wd_ratio"],
        decay: .apart,
        counter: .none
      ),
      SettingRow(
        .pytorchOptimizer,
        [
          .rate(0.001), .decay(0), .weightDecouple(true), .fixedDecay, .number("momentum", 0),
          .number("dampening", 0), .number("delta", 0.1), .number("wd_ratio", 0.1),
          .flag("nesterov"), .epsilon(1e-8), .foreachOff,
        ],
        toldBy: ["weight_decouple", "momentum", "dampening", "nesterov", "delta", "wd_ratio"],
        unused: ["step"],
        decay: .marked("weight_decouple", apartKind: nil),
        counter: .group("step")
      ),
    ]
  )
}
