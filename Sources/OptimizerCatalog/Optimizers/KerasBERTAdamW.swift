internal import Tensors

extension OptimizerDescription {
  /// `AdamWarmup` of keras-bert, `optimizers/warmup_v2.py`.
  ///
  /// Unlike BERT's own it corrects.
  static let kerasBERTAdamW = OptimizerDescription(
    "keras_bert_adamw",
    "keras-bert's AdamWarmup: AdamW with bias correction and a warm-up of its own",
    slots: [
      .always(.firstMoment), .always(.secondMoment), .option(.greatestSecondMoment),
    ],
    biasCorrection: .always,
    kerasClasses: ["AdamWarmup"],
    rows: [multiBackendRow, legacyRow]
  )
}
