internal import Tensors

/// What the last component of a flat name says about the tensor being a slot.
///
/// Sources: google-research/bert and `tf.compat.v1.train` (behind a slash), the keys of PyTorch's
/// optimizer states and of MLX's (behind a dot), and this library's own names behind either.
enum FlatSlots {
  /// The optimizer's words that mean one slot whatever the optimizer is.
  private static let meanings: [String: SlotName] = {
    var meanings: [String: SlotName] = [
      "Adam": .firstMoment, "Adam_1": .secondMoment, "Momentum": .momentum, "RMSProp": .meanSquare,
      "Adagrad": .accumulator,
      "exp_avg": .firstMoment, "exp_avg_sq": .secondMoment,
      "max_exp_avg_sq": .greatestSecondMoment, "exp_inf": .infinityNorm,
      "mu_product": .momentumProduct, "momentum_buffer": .momentum, "square_avg": .meanSquare,
      "grad_avg": .meanGradient, "acc_delta": .updateAccumulator,
      "exp_avg_sq_row": .factoredRow, "exp_avg_sq_col": .factoredColumn,
    ]
    for slot in SlotName.all { meanings[slot.rawValue] = slot }
    return meanings
  }()

  /// Words that no parameter is called, so that they are slots even where the variable is missing.
  private static let unmistakable: Set<String> = [
    "adam_m", "adam_v", "exp_avg", "exp_avg_sq", "max_exp_avg_sq", "exp_avg_sq_row",
    "exp_avg_sq_col", "momentum_buffer",
  ]

  /// MLX's one-letter words, whose meaning depends on the optimizer.
  static let letters: Set<String> = ["m", "v", "u"]

  /// The slot that a word means, `nil` where it is none or a letter.
  static func meaning(of word: String) -> SlotName? { meanings[word] }

  /// Whether a word is a slot even where the variable is missing.
  static func isUnmistakable(_ word: String) -> Bool { unmistakable.contains(word) }

  /// The slot that a letter means beside the other letters of its variable.
  ///
  /// - Parameters:
  ///   - letter: `m`, `v` or `u`.
  ///   - all: All letters of the variable.
  ///   - optimizer: The optimizer's name in lower case, where the file says it.
  /// - Returns: The slot; the letter itself where it could be several.
  static func meaning(of letter: String, among all: Set<String>, optimizer: String?) -> SlotName {
    switch (letter, all) {
    case ("m", ["m", "v"]): .firstMoment
    case ("v", ["m", "v"]): optimizer == "adamax" ? .infinityNorm : .secondMoment
    case ("v", ["v", "u"]): .accumulator
    case ("u", ["v", "u"]): .updateAccumulator
    // Only Lion keeps an m alone.
    case ("m", ["m"]): .momentum
    case ("v", ["v"]):
      switch optimizer {
      case "sgd", "muon": .momentum
      case "rmsprop": .meanSquare
      case "adagrad": .accumulator
      default: SlotName(rawValue: letter)
      }
    default: SlotName(rawValue: letter)
    }
  }
}
