internal import Tensors

extension OptimizerDescription {
  /// The decayed mean of a gradient's squared norm, one number for a variable.
  private static let norm = SlotDescription("novograd_v", .squares, form: .scalar)

  /// Ginsburg et al., 2019, Algorithm 1.
  ///
  /// The momentum adds up gradients over the root of that mean, and the decay.
  static let novograd = OptimizerDescription(
    "novograd",
    "NovoGrad: a momentum of gradients over their norm, variable by variable (arXiv:1905.11286)",
    slots: [.always(.momentum), .always(norm.name)],
    ownSlots: [norm],
    rows: [
      DialectRow(.optax, ["mu": .momentum, "nu": norm.name]),
      DialectRow(.timm, ["exp_avg": .momentum, "exp_avg_sq": norm.name]),
      DialectRow(.pytorchOptimizer, ["grads_ema": norm.name, "moments": .momentum]),
    ],
    settings: [
      SettingRow(
        .timm,
        [
          .rate(0.001), .betas(0.95, 0.98), .epsilon(1e-8), .decay(0), .flag("grad_averaging"),
          .flag("amsgrad"), .decayedBefore, .correctedDecay, .greatestRate,
        ],
        toldBy: ["lr", "betas", "eps", "weight_decay", "grad_averaging", "amsgrad"],
        decay: .apart,
        countForm: .whole
      ),
      SettingRow(
        .pytorchOptimizer,
        [
          .rate(0.001), .foreach, .betas(0.95, 0.98), .decay(0), .weightDecouple(false),
          .fixedDecay, .flag("grad_averaging"), .epsilon(1e-8),
        ],
        toldBy: ["betas", "weight_decouple", "fixed_decay", "grad_averaging", "eps"],
        isToldBySlots: true,
        unused: ["step"],
        decay: .marked("weight_decouple", apartKind: nil),
        counter: .group("step")
      ),
    ],
    optaxTuple: StateTuple(.slots, .rate)
  )
}
