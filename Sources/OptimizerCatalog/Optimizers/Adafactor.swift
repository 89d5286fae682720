internal import Tensors

extension OptimizerDescription {
  private static var kerasWords: KeyValuePairs<String, SlotName> {
    ["r": .factoredRow, "c": .factoredColumn, "v": .secondMoment]
  }

  /// Shazeer & Stern, 2018, Algorithm 4.
  ///
  /// A matrix has row and column means, everything else the whole second moment.
  static let adafactor = OptimizerDescription(
    "adafactor",
    "Adafactor: second moments factored by row and column (arXiv:1804.04235)",
    slots: [
      .always(.factoredRow), .always(.factoredColumn), .always(.secondMoment),
      .option(.firstMoment),
    ],
    kerasClasses: ["Adafactor", "AdafactorV2"],
    rows: [
      DialectRow(
        .torch,
        list: [
          .each(words: [
            DialectRow.Word("row_var", .factoredRow, keepsAxis: true),
            DialectRow.Word("col_var", .factoredColumn, keepsAxis: true),
            DialectRow.Word("variance", .secondMoment),
          ])
        ]
      ),
      DialectRow(
        .transformers,
        [
          "exp_avg_sq_row": .factoredRow, "exp_avg_sq_col": .factoredColumn,
          "exp_avg_sq": .secondMoment, "exp_avg": .firstMoment,
        ]
      ),
      // `mesh_tensorflow.optimize.AdafactorOptimizer`: the row means lack the longest axis.
      DialectRow(
        .meshTensorFlow,
        [
          "_slot_vr": .factoredRow, "_slot_vc": .factoredColumn, "_slot_v": .secondMoment,
          "_slot_m": .firstMoment,
        ]
      ),
      DialectRow(.tfKeras, kerasWords),
      DialectRow(.keras3, list: [.each(kerasWords, scalarPlaceholders: true)]),
      DialectRow(
        .bert4keras,
        [
          "m": .firstMoment, "v": .secondMoment, "vr": .factoredRow, "vc": .factoredColumn,
        ]
      ),
      DialectRow(
        .optax,
        ["v_row": .factoredRow, "v_col": .factoredColumn, "v": .secondMoment],
        beside: ["ema": .firstMoment]
      ),
    ],
    settings: [
      SettingRow(
        .torch,
        [
          .rate(0.01), SettingWord("beta2_decay", .negated("decay_exponent"), -0.8),
          SettingWord("eps", .numbers(["epsilon1", "epsilon2"]), [nil, 0.001]),
          SettingWord("d", .number("clip_threshold"), 1), .decay(0), .anyForeach, .maximize,
        ],
        toldBy: ["beta2_decay"],
        decay: .apart,
        standsIn: true
      ),
      SettingRow(
        .transformers,
        [
          SettingWord("lr", .number("learning_rate")),
          SettingWord("eps", .numbers(["epsilon1", "epsilon2"]), [1e-30, 0.001]),
          SettingWord("clip_threshold", .number("clip_threshold"), 1),
          SettingWord("decay_rate", .negated("decay_exponent"), -0.8), .decay(0),
        ],
        toldBy: ["clip_threshold", "decay_rate"],
        unused: ["beta1", "scale_parameter", "relative_step", "warmup_init"],
        // A number for people to read.
        remarks: ["RMS"],
        decay: .apart
      ),
    ],
    keras: KerasTraits(mark: .init(words: ["multiply_by_parameter_scale"], scope: .unknown))
  )
}
