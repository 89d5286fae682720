public import Tensors

/// What a slot is, whichever optimizer keeps it.
public struct SlotDescription: Sendable, Hashable {
  /// What the elements of a slot are made of.
  public enum Nature: String, Sendable, Hashable {
    /// A decayed mean or sum of gradients, of either sign.
    case gradients
    /// A decayed mean or a sum of squares, never negative.
    case squares
    /// The greatest of squares or of absolute values so far, never negative.
    case maximum
    /// A copy of the weights, or a mean of such.
    case weights
    /// Gradients that wait for an update.
    case pendingGradients
    /// A number that is multiplied up from step to step.
    case product
    /// A rate, a step's length or a share, never negative.
    case rate
    /// What rounding has left of the weights.
    case remainder
  }

  /// A slot's shape, relative to its variable's.
  public enum Form: String, Sendable, Hashable {
    /// The variable's shape.
    case elementwise
    /// The variable's shape without its last axis, or with the longest left out.
    case rows
    /// The variable's shape without its last axis but one, or with the second longest left out.
    case columns
    /// One number.
    case scalar
    /// One number for each index of the first axis.
    case firstAxis = "first_axis"
    /// One number for each index of the second axis.
    case secondAxis = "second_axis"
    /// One number for each index of the third axis.
    case thirdAxis = "third_axis"
    /// One number for each index of the fourth axis.
    case fourthAxis = "fourth_axis"

    /// The one axis of the variable that it runs along, `nil` where it is another form.
    public var axis: Int? {
      switch self {
      case .firstAxis: 0
      case .secondAxis: 1
      case .thirdAxis: 2
      case .fourthAxis: 3
      case .elementwise, .rows, .columns, .scalar: nil
      }
    }

    /// The shape of a variable's slot.
    ///
    /// - Parameter variable: The variable's shape.
    /// - Returns: The shape, `nil` where a variable of this shape has no such slot: a vector has neither rows nor columns.
    /// - Throws: `StateError` with code `malformed` when the shape overflows.
    public func shape(for variable: Shape) throws -> Shape? {
      let dimensions = variable.dimensions
      if let axis { return axis < dimensions.count ? try Shape([dimensions[axis]]) : nil }
      switch self {
      case .scalar: return .scalar
      case .rows where dimensions.count >= 2: return try Shape(Array(dimensions.dropLast()))
      case .columns where dimensions.count >= 2:
        return try Shape(Array(dimensions.dropLast(2)) + dimensions.suffix(1))
      case .rows, .columns: return nil
      default: return variable
      }
    }
  }

  /// What a slot is before the first update.
  public enum Beginning: Sendable, Hashable {
    /// One number everywhere, whoever keeps the slot.
    case number(Double)
    /// The variable's own value.
    case weights
    /// A number that depends on the framework or on a setting, and the usual one, where there is one.
    case various(Double?)
  }

  /// The slot's name in the hub.
  public let name: SlotName

  /// What its elements are made of.
  public let nature: Nature

  /// Its shape.
  public let form: Form

  /// What it is before the first update.
  public let beginning: Beginning

  /// Whether a single zero may stand for weights that are all zero at the beginning.
  public let mayBeOneZero: Bool

  init(
    _ name: SlotName,
    _ nature: Nature,
    form: Form = .elementwise,
    beginning: Beginning = .number(0),
    mayBeOneZero: Bool = false
  ) {
    self.name = name
    self.nature = nature
    self.form = form
    self.beginning = beginning
    self.mayBeOneZero = mayBeOneZero
  }

  /// Finds the description of a slot.
  ///
  /// - Parameter name: The slot's name in the hub.
  /// - Returns: `nil` where the catalogue has no such slot.
  /// - Complexity: O(1).
  public static func of(_ name: SlotName) -> SlotDescription? { byName[name] }

  /// Whether no element of the slot can be negative.
  public var isNeverNegative: Bool {
    switch nature {
    case .squares, .maximum, .rate: true
    case .gradients, .weights, .pendingGradients, .product, .remainder: false
    }
  }

  /// Whether gradients have gone into the slot, so that it tells whether training has begun.
  public var isMadeOfGradients: Bool {
    switch nature {
    case .gradients, .squares, .maximum: true
    case .weights, .pendingGradients, .product, .rate, .remainder: false
    }
  }

  private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  /// Every slot that the hub has a name for, and those that one optimizer alone keeps.
  public static let all: [SlotDescription] = shared + OptimizerCatalog.all.flatMap(\.ownSlots)

  private static let shared: [SlotDescription] = [
    SlotDescription(.firstMoment, .gradients),
    SlotDescription(.secondMoment, .squares),
    SlotDescription(.greatestSecondMoment, .maximum),
    SlotDescription(.infinityNorm, .maximum),
    SlotDescription(.momentumProduct, .product, form: .scalar, beginning: .number(1)),
    SlotDescription(.momentum, .gradients),
    SlotDescription(.accumulator, .squares, beginning: .various(nil)),
    SlotDescription(.updateAccumulator, .squares),
    SlotDescription(.linear, .gradients),
    SlotDescription(.meanSquare, .squares, beginning: .various(0)),
    SlotDescription(.meanGradient, .gradients),
    SlotDescription(.growingSecondMoment, .squares),
    SlotDescription(.factoredRow, .squares, form: .rows),
    SlotDescription(.factoredColumn, .squares, form: .columns),
    SlotDescription(.gradientAccumulator, .pendingGradients),
    SlotDescription(.slowWeights, .weights, beginning: .weights),
    SlotDescription(.average, .weights, beginning: .weights),
    SlotDescription(.master, .weights, beginning: .weights),
    SlotDescription(.averagedWeights, .weights),
    SlotDescription(.currentRate, .rate, form: .scalar, beginning: .various(nil)),
    SlotDescription(.averagingShare, .rate, form: .scalar, beginning: .number(1)),
    SlotDescription(.previousGradient, .gradients),
    SlotDescription(.stepSize, .rate, beginning: .various(nil)),
    SlotDescription(.baseWeights, .weights, beginning: .weights),
  ]
}
