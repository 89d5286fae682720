internal import Tensors

extension OptimizerDescription {
  /// `AdamWeightDecayOptimizer` of google-research/bert, `optimization.py`.
  static let bertAdamW = OptimizerDescription(
    "bert_adamw",
    "the original BERT optimizer: AdamW without bias correction",
    slots: [.always(.firstMoment), .always(.secondMoment)],
    biasCorrection: .never,
    rows: [DialectRow(.bert, ["adam_m": .firstMoment, "adam_v": .secondMoment])]
  )
}
