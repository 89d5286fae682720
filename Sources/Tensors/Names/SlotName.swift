/// What a slot is, by the name that the native store gives it.
///
/// The names are those of TensorFlow's BERT where it has the slot, the field's usual words otherwise.
/// A slot that is none of these keeps its source's name.
public struct SlotName: Sendable, Hashable, RawRepresentable {
  /// The name.
  public let rawValue: String

  /// Takes a name as it is.
  ///
  /// - Parameter rawValue: The name, a single path component.
  public init(rawValue: String) {
    self.rawValue = rawValue
  }

  /// Adam's first moment: the average of the gradients.
  public static let firstMoment: SlotName = "adam_m"
  /// Adam's second moment: the average of the squared gradients.
  public static let secondMoment: SlotName = "adam_v"
  /// AMSGrad's greatest second moment so far.
  public static let greatestSecondMoment: SlotName = "adam_vhat"
  /// Adamax' decayed greatest absolute gradient.
  public static let infinityNorm: SlotName = "adamax_u"
  /// NAdam's running product of momenta.
  public static let momentumProduct: SlotName = "nadam_mu_product"
  /// A momentum buffer; the update rules say in which units.
  public static let momentum: SlotName = "momentum"
  /// Sum or decaying average of squared gradients: Adagrad, Adadelta, Ftrl.
  public static let accumulator: SlotName = "accumulator"
  /// Adadelta's average of the squared updates.
  public static let updateAccumulator: SlotName = "accumulator_update"
  /// Ftrl's linear term.
  public static let linear: SlotName = "linear"
  /// RMSProp's mean of squares.
  public static let meanSquare: SlotName = "rms"
  /// RMSProp's mean of gradients, when centered.
  public static let meanGradient: SlotName = "rms_mean_gradient"
  /// AdaX' growing second moment, which is no average.
  public static let growingSecondMoment: SlotName = "adax_v"
  /// Adafactor's means over the last axis.
  public static let factoredRow: SlotName = "factored_row"
  /// Adafactor's means over the last axis but one.
  public static let factoredColumn: SlotName = "factored_col"
  /// The sum of gradients between two updates.
  public static let gradientAccumulator: SlotName = "gradient_accumulator"
  /// Lookahead's slow weights.
  public static let slowWeights: SlotName = "lookahead_slow"
  /// The moving average of the weights.
  public static let average: SlotName = "ema"
  /// The `float32` copy of half-precision weights.
  public static let master: SlotName = "master"
  /// ASGD's mean of the weights, which begins late.
  public static let averagedWeights: SlotName = "averaged_weights"
  /// ASGD's rate of the next step.
  public static let currentRate: SlotName = "asgd_eta"
  /// ASGD's share of the next weights in their mean.
  public static let averagingShare: SlotName = "asgd_mu"
  /// The gradient of the last update.
  public static let previousGradient: SlotName = "previous_gradient"
  /// Rprop's step of each weight.
  public static let stepSize: SlotName = "step_size"
  /// The fast sequence of schedule-free optimizers, `z`.
  public static let baseWeights: SlotName = "schedule_free_z"

  /// A slot of which no more is known than its place among its variable's.
  ///
  /// - Parameter place: The place, from 1 on.
  /// - Returns: The name.
  public static func unknown(at place: Int) -> SlotName { SlotName(rawValue: "slot_\(place)") }

  /// A slot that structure alone shows to be one.
  ///
  /// - Parameter word: What its optimizer calls it.
  /// - Returns: The name: the word behind `slot_`.
  public static func unrecognized(_ word: String) -> SlotName {
    SlotName(rawValue: word.hasPrefix("slot_") ? word : "slot_" + word)
  }

  /// Whether no more is known of the slot than its place.
  public var isUnknown: Bool {
    rawValue.hasPrefix("slot_") && Int(rawValue.dropFirst(5)) != nil
  }

  /// Every slot that has a name here.
  public static let all: [SlotName] = [
    .firstMoment, .secondMoment, .greatestSecondMoment, .infinityNorm, .momentumProduct, .momentum,
    .accumulator, .updateAccumulator, .linear, .meanSquare, .meanGradient, .growingSecondMoment,
    .factoredRow, .factoredColumn, .gradientAccumulator, .slowWeights, .average, .master,
    .averagedWeights,
    .currentRate, .averagingShare, .previousGradient, .stepSize, .baseWeights,
  ]
}

extension SlotName: ExpressibleByStringLiteral {
  /// Takes a name as it is.
  ///
  /// - Parameter name: The name.
  public init(stringLiteral name: String) {
    self.init(rawValue: name)
  }
}

extension SlotName: CustomStringConvertible {
  /// The name.
  public var description: String { rawValue }
}

extension SlotName: Comparable {
  /// By the bytes of the name.
  public static func < (first: SlotName, second: SlotName) -> Bool {
    ExactName(first.rawValue) < ExactName(second.rawValue)
  }
}
