public import ByteIO
internal import Tensors

/// One respect in which two states differ.
public struct Difference: Sendable, Hashable {
  /// What kind of difference it is.
  public enum Kind: String, Sendable {
    /// The first state has it, the second has not.
    case missing
    /// The second state has it, the first has not.
    case extra
    /// The shapes differ.
    case shape
    /// The element types differ.
    case type
    /// Elements differ.
    case value
    /// The global step, or a variable's own, differs.
    case step
    /// The schedules differ.
    case schedule
    /// The optimizers or their hyper-parameters differ.
    case hyperparameters
  }

  /// What kind of difference it is.
  public let kind: Kind
  /// The variable or other tensor concerned, `nil` for the state as a whole.
  public let variable: String?
  /// The slot concerned, `nil` for the variable itself.
  public var slot: String?
  /// Elements outside the tolerance.
  public var elements: Int?
  /// Largest distance in representable numbers.
  public var largestULP: UInt64?
  /// Largest relative difference.
  public var largestRelative: Double?
  /// Place of the element that differs most.
  public var index: [Int]?
  /// What the first and the second state have.
  public var message: String

  init(_ kind: Kind, variable: String? = nil, slot: String? = nil, _ message: String) {
    self.kind = kind
    self.variable = variable
    self.slot = slot
    self.message = message
  }

  /// The entry as `diff --json` prints it.
  public var json: JSONValue {
    .object([
      "kind": .string(kind.rawValue),
      "variable": JSONValue(variable),
      "slot": JSONValue(slot),
      "elements": JSONValue(elements.map(Int64.init)),
      "max_ulp": largestULP.map { .int(Int64(clamping: $0)) } ?? .null,
      "max_relative": JSONValue(largestRelative),
      "index": index.map { JSONValue($0) } ?? .null,
      "message": .string(message),
    ])
  }
}
