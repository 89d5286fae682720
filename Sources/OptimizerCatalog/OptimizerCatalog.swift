/// Every optimizer that is known: one file each in `Optimizers`, and a place in this list.
public enum OptimizerCatalog {
  /// The optimizers.
  ///
  /// Where a word could be several optimizers', the earlier one is meant.
  public static let all: [OptimizerDescription] = [
    .bertAdamW, .adam, .adamw, .sgd, .rmsprop, .adagrad, .adadelta, .adamax, .nadam, .radam,
    .adafactor, .ftrl, .lion, .muon, .lamb, .adax, .kerasBERTAdamW, .asgd, .rprop,
    .scheduleFreeAdamW, .adagradDA, .yogi, .adabelief, .novograd, .sm3, .adan, .adopt, .adamp,
    .sgdp, .sgdw, .nadamw, .ademamix, .stableAdamW, .prodigy, .madgrad, .ranger, .mars, .lars,
    .rmspropTF,
  ]

  /// What names are made after where nothing tells the optimizer of slots.
  public static let usual = OptimizerDescription.adam

  /// Finds an optimizer.
  ///
  /// - Parameter kind: A record's kind.
  /// - Returns: `nil` for an optimizer that is not known; it is then unknown, not the nearest.
  /// - Complexity: O(1).
  public static func description(of kind: String) -> OptimizerDescription? { byKind[kind] }

  private static let byKind = Dictionary(uniqueKeysWithValues: all.map { ($0.kind, $0) })
}
