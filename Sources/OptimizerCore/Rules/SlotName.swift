/// The names of slots in the native layout.
public enum SlotName {
  /// Adam's first moment.
  public static let firstMoment = "adam_m"
  /// Adam's second moment.
  public static let secondMoment = "adam_v"
  /// AMSGrad's greatest second moment so far.
  public static let greatestSecondMoment = "adam_vhat"
  /// A momentum buffer; ``SGD`` and ``RMSProp`` say in which units.
  public static let momentum = "momentum"
  /// Adagrad's sum of squares.
  public static let accumulator = "accumulator"
  /// RMSProp's mean of squares.
  public static let meanSquare = "rms"
  /// RMSProp's mean of gradients, when centered.
  public static let meanGradient = "rms_mean_gradient"
  /// AdaX' growing second moment, which is no average.
  public static let growingSecondMoment = "adax_v"
  /// Adafactor's means over the last axis.
  public static let factoredRow = "factored_row"
  /// Adafactor's means over the last axis but one.
  public static let factoredColumn = "factored_col"
  /// The sum of gradients between two updates.
  public static let gradientAccumulator = "gradient_accumulator"
  /// Lookahead's slow weights.
  public static let slowWeights = "lookahead_slow"
  /// The moving average of the weights.
  public static let average = "ema"
}
