internal import Tensors

extension OptimizerDescription {
  /// `AdamWeightDecayOptimizer` of google-research/bert, `optimization.py`.
  ///
  /// The words of transformers are those of its first version, pytorch-pretrained-bert's `BertAdam`.
  static let bertAdamW = OptimizerDescription(
    "bert_adamw",
    "the original BERT optimizer: AdamW without bias correction",
    slots: [.always(.firstMoment), .always(.secondMoment)],
    biasCorrection: .never,
    rows: [
      DialectRow(.bert, ["adam_m": .firstMoment, "adam_v": .secondMoment]),
      DialectRow(.transformers, ["next_m": .firstMoment, "next_v": .secondMoment]),
    ]
  )
}
