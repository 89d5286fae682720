internal import Tensors

extension OptimizerDescription {
  /// Loshchilov & Hutter, 2019, Algorithm 2.
  ///
  /// It keeps what Adam keeps. bitsandbytes' Adam is this one, too: its kernels know no other decay.
  static let adamw = OptimizerDescription(
    "adamw",
    "Adam with decoupled weight decay (arXiv:1711.05101)",
    slots: adamSlots,
    biasCorrection: .recorded,
    kerasClasses: ["AdamW", "AdamWeightDecay"],
    rows: adamRows + [
      DialectRow(.bitsandbytes, ["state1": .firstMoment, "state2": .secondMoment])
    ]
  )
}
