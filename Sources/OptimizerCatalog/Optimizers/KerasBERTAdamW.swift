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
    rows: [multiBackendRow, legacyRow],
    successor: "adamw",
    keras: KerasTraits(
      mark: .init(words: ["warmup_steps", "min_lr"], scope: .unknown),
      schedule: .init(
        kind: "keras_bert",
        words: [
          .init(text: "learning_rate", key: "learning_rate", isCount: false),
          .init(text: "decay_steps", key: "decay_steps", isCount: true),
          .init(text: "warmup_steps", key: "warmup_steps", isCount: true),
          .init(text: "min_lr", key: "min_learning_rate", isCount: false),
        ]
      ),
      // Its greatest second moment stays zero.
      idleSwitches: ["amsgrad"],
      isItsOwnArithmetic: true,
      namings: ["keras-bert"]
    )
  )
}
