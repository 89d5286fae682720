internal import Tensors

/// The words by which Keras' optimizers, keras-bert's and bert4keras' call their slots.
enum SlotWords {
  /// Every word that stands for a slot; longer ones before those that they end in.
  static let all = [
    "gradient_accumulator", "accumulated_delta_var", "accumulated_grad", "average_gradient",
    "velocity_hat", "accumulator", "accum_grad", "accum_var", "momentum", "velocity", "slow_var",
    "average", "linear", "moment", "norm", "vhat", "rms", "ema", "mg", "vr", "vc", "ag", "m", "v",
    "u", "r", "c",
  ]

  /// The hub's name of a slot.
  ///
  /// - Parameters:
  ///   - word: The optimizer's word.
  ///   - kind: The rule's kind, `nil` where it is not known.
  ///   - shape: The slot's shape, which tells bert4keras' rows from its columns.
  /// - Returns: The name; a word that is not known stands for itself.
  static func slot(_ word: String, kind: String?, shape: Shape? = nil) -> SlotName {
    switch word {
    case "m", "momentum", "moment":
      return isMomentum(kind, word) ? .momentum : .firstMoment
    case "v", "velocity":
      if kind == "rmsprop" { return .meanSquare }
      return kind == "adamax" ? .infinityNorm : .secondMoment
    case "vhat", "velocity_hat": return .greatestSecondMoment
    case "norm", "u": return .infinityNorm
    case "rms": return .meanSquare
    case "mg", "average_gradient": return .meanGradient
    case "accumulator", "accumulated_grad", "accum_grad": return .accumulator
    case "accumulated_delta_var", "accum_var": return .updateAccumulator
    case "linear": return .linear
    case "average", "ema": return .average
    case "gradient_accumulator", "ag": return .gradientAccumulator
    case "slow_var": return .slowWeights
    case "r": return .factoredRow
    case "c": return .factoredColumn
    case "vr", "vc":
      // bert4keras keeps the axis that a mean was taken over, which is the longest, as one of length 1.
      guard let shape, shape.rank >= 2 else { return word == "vr" ? .factoredRow : .factoredColumn }
      let isRow = shape.dimensions[shape.rank - 1] == 1 && shape.dimensions[shape.rank - 2] != 1
      return isRow ? .factoredRow : .factoredColumn
    default: return SlotName(rawValue: word)
    }
  }

  private static func isMomentum(_ kind: String?, _ word: String) -> Bool {
    switch kind {
    case "sgd", "lion", "rmsprop", "muon": true
    case nil: word == "moment" || word == "momentum"
    default: false
    }
  }

  /// The word of a legacy optimizer for a slot.
  static func legacyWord(_ slot: SlotName, among slots: Set<SlotName>) -> String {
    switch slot {
    case .firstMoment: "m"
    case .secondMoment, .infinityNorm: "v"
    case .greatestSecondMoment: "vhat"
    case .accumulator: slots.contains(.updateAccumulator) ? "accum_grad" : "accumulator"
    case .updateAccumulator: "accum_var"
    case .meanGradient: "mg"
    case .average: "average"
    case .factoredRow: "vr"
    case .factoredColumn: "vc"
    default: slot.rawValue
    }
  }

  /// The order of a legacy optimizer's slots.
  static let legacyOrder: [SlotName] = [
    .firstMoment, .factoredRow, .factoredColumn, .secondMoment, .infinityNorm,
    .greatestSecondMoment, .meanSquare, .momentum, .meanGradient, .accumulator,
    .updateAccumulator, .linear, .average,
  ]
}
