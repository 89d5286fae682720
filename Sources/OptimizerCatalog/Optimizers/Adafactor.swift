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
        ["row_var": .factoredRow, "col_var": .factoredColumn, "variance": .secondMoment]
      ),
      DialectRow(
        .transformers,
        [
          "exp_avg_sq_row": .factoredRow, "exp_avg_sq_col": .factoredColumn,
          "exp_avg_sq": .secondMoment, "exp_avg": .firstMoment,
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
        ["v_row": .factoredRow, "v_col": .factoredColumn, "v": .secondMoment]
      ),
    ]
  )
}
