extension OptimizerDescription {
  /// Loshchilov & Hutter, 2019, Algorithm 2.
  ///
  /// It keeps what Adam keeps.
  static let adamw = OptimizerDescription(
    "adamw",
    "Adam with decoupled weight decay (arXiv:1711.05101)",
    slots: adamSlots,
    biasCorrection: .recorded,
    kerasClasses: ["AdamW", "AdamWeightDecay"],
    rows: adamRows
  )
}
