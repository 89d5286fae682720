internal import Tensors

/// What is known of a slot by its name alone.
enum SlotNature {
  /// A decaying average or buffer that begins at zero and that any gradient makes warm.
  case average
  /// Sums or averages of squares that may begin at another number than zero.
  case accumulator
  /// Copies of parameters, sums between updates, scalars, and what the hub has no word for.
  case other

  init(_ name: SlotName) {
    switch name {
    case .firstMoment, .secondMoment, .greatestSecondMoment, .infinityNorm, .growingSecondMoment,
      .momentum, .meanGradient, .updateAccumulator, .linear, .factoredRow, .factoredColumn:
      self = .average
    case .accumulator, .meanSquare: self = .accumulator
    default: self = .other
    }
  }

  /// Whether no element of the slot can be negative.
  static func isSquare(_ name: SlotName) -> Bool {
    switch name {
    case .secondMoment, .greatestSecondMoment, .infinityNorm, .growingSecondMoment, .accumulator,
      .updateAccumulator, .meanSquare, .factoredRow, .factoredColumn:
      true
    default: false
    }
  }

  /// Whether the slot has one element for each of its variable's.
  static func isElementwise(_ name: SlotName) -> Bool {
    switch name {
    case .gradientAccumulator, .slowWeights, .average: true
    case .factoredRow, .factoredColumn: false
    default: SlotNature(name) != .other
    }
  }
}
