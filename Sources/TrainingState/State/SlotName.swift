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

  /// Average of the gradients: Adam's *m*.
  public static let firstMoment = SlotName(rawValue: "adam_m")
  /// Average of the squared gradients: Adam's *v*.
  public static let secondMoment = SlotName(rawValue: "adam_v")
  /// Largest second moment so far: AMSGrad's *v̂*.
  public static let largestSecondMoment = SlotName(rawValue: "adam_vhat")
  /// Momentum buffer.
  public static let momentum = SlotName(rawValue: "momentum")
  /// Sum or decaying average of squared gradients: Adagrad, Adadelta, Ftrl.
  public static let accumulator = SlotName(rawValue: "accumulator")
  /// Average of the squared updates: Adadelta.
  public static let updateAccumulator = SlotName(rawValue: "accumulator_update")
  /// Ftrl's linear term.
  public static let linear = SlotName(rawValue: "linear")
  /// Average of the squared gradients: RMSProp.
  public static let rms = SlotName(rawValue: "rms")
  /// Average of the gradients: centered RMSProp.
  public static let gradientAverage = SlotName(rawValue: "gradient_average")
  /// Moving average of the parameter itself.
  public static let parameterAverage = SlotName(rawValue: "ema")
}

extension SlotName: CustomStringConvertible {
  /// The name.
  public var description: String { rawValue }
}

extension SlotName: Comparable {
  /// By the bytes of the name.
  public static func < (first: SlotName, second: SlotName) -> Bool {
    first.rawValue.utf8.lexicographicallyPrecedes(second.rawValue.utf8)
  }
}
