internal import Tensors

/// The number of updates applied to the model as a whole.
public struct GlobalStep: Sendable {
  /// The number.
  public var value: Int64

  private let recorded: Int64
  private let record: StateTensor

  /// A step that a source keeps as a tensor.
  ///
  /// - Parameters:
  ///   - record: The tensor, a scalar of type `int64`.
  ///   - bytes: Its bytes, verified.
  /// - Throws: `StateError` with code `malformed` when the tensor is no such scalar.
  public init(_ record: StateTensor, bytes: [UInt8]) throws {
    guard record.tensor.elementType == .int64, record.tensor.shape.rank == 0, bytes.count == 8
    else {
      throw StateError(
        .malformed,
        "the step has another type",
        tensor: record.name,
        expected: "int64[]",
        found: "\(record.tensor.elementType.rawValue)\(record.tensor.shape)"
      )
    }
    self.record = record
    recorded = Int64(bitPattern: bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) })
    value = recorded
  }

  /// Of the tensor: that the source has none, and counts the updates of its variables alone.
  private static let counted = "flat.counted"

  /// Whether the source has no tensor for it, and counts the updates of its variables alone.
  var isCounted: Bool { record.attributes[Self.counted] == .bool(true) }

  /// A step that the source's variables count.
  init(counted value: Int64) {
    self.value = value
    recorded = value
    record = StateTensor("global_step", .scalar(value), attributes: [Self.counted: .bool(true)])
  }

  /// A step as TensorFlow keeps it: a 64-bit scalar called `global_step`.
  ///
  /// - Parameter value: The number of updates applied.
  public init(_ value: Int64) {
    self.value = value
    recorded = value
    record = StateTensor("global_step", .scalar(value))
  }

  /// The step as its source keeps it, and as a writer of the same format writes it again.
  public var tensor: StateTensor {
    if value == recorded { return record }
    var copy = record
    copy.tensor = .scalar(value)
    return copy
  }
}
