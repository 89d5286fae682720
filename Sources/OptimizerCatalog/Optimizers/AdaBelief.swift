internal import Tensors

extension OptimizerDescription {
  /// Squares of what the first moment did not foresee: no Adam's second moment, though kept in its place.
  private static let surprise = SlotDescription("adabelief_s", .squares)

  /// Zhuang et al., 2020, Algorithm 2.
  ///
  /// pytorch_optimizer's Aida has its words.
  static let adabelief = OptimizerDescription(
    "adabelief",
    "AdaBelief: Adam with the gradients' squared distance from their mean (arXiv:2010.07468)",
    slots: [.always(.firstMoment), .always(surprise.name)],
    ownSlots: [surprise],
    biasCorrection: .always,
    rows: [
      DialectRow(.optax, ["mu": .firstMoment, "nu": surprise.name]),
      DialectRow(.timm, ["exp_avg": .firstMoment, "exp_avg_var": surprise.name]),
      DialectRow(.pytorchOptimizer, ["exp_avg": .firstMoment, "exp_avg_var": surprise.name]),
    ],
    settings: [
      SettingRow(
        .timm,
        SettingWord.adams(rate: 0.001, epsilon: 1e-16) + [
          .flag("amsgrad"), .flag("degenerated_to_sgd", true),
          SettingWord("decoupled_decay", .decoupling, true), .rectify(true), .fixedDecay, .foreach,
        ],
        toldBy: ["betas", "degenerated_to_sgd", "decoupled_decay", "rectify", "fixed_decay"],
        decay: .marked("decoupled_decay", apartKind: nil),
        countForm: .whole
      ),
      SettingRow(
        .pytorchOptimizer,
        [
          .rate(0.001), .betas, .decay(0), .weightDecouple(true), .fixedDecay, .rectify(false),
          .flag("ams_bound"), .foreach, .epsilon(1e-16),
        ],
        toldBy: ["betas", "weight_decouple", "fixed_decay", "rectify", "ams_bound", "eps"],
        unused: ["step"],
        decay: .marked("weight_decouple", apartKind: nil),
        counter: .group("step"),
        isShared: true
      ),
    ],
    optaxTuple: StateTuple(.slots, .rate)
  )
}
