package import Tensors

/// Steps that a file keeps as scalars, of whatever type its framework counts in.
package enum StepTensor {
  static let globalName = "global_step"

  /// Of a global step: the type of its scalar, where it is not `int64`.
  private static func typeAttribute(_ format: String) -> String { "\(format).step_type" }

  /// Of a variable's first tensor: the type, the place and the name of the scalar that counts its
  /// updates, separated by semicolons.
  private static func attribute(_ format: String) -> String { "\(format).step" }

  /// Whether a scalar can count.
  static func isCounter(_ tensor: Tensor, floatingPoint: Bool) -> Bool {
    guard tensor.shape.elementCount == 1, tensor.shape.rank <= 1 else { return false }
    switch tensor.elementType {
    case .int32, .int64, .uint32, .uint64: return tensor.shape.rank == 0
    case .float32, .float64: return floatingPoint
    default: return false
    }
  }

  /// The global step of a scalar, whose type is remembered for its own format.
  package static func globalStep(_ tensor: StateTensor, format: String) throws -> GlobalStep {
    let value = try count(tensor)
    var record = tensor
    record.tensor = .scalar(value)
    if tensor.tensor.elementType != .int64 {
      record.attributes[typeAttribute(format)] = .string(tensor.tensor.elementType.rawValue)
    }
    return try GlobalStep(record, bytes: try record.tensor.bytes())
  }

  /// The scalar of a global step, in the type that it came in where the format is the source's.
  package static func tensor(
    of step: GlobalStep,
    format: String,
    isOurs: Bool
  ) throws -> StateTensor {
    var tensor = step.tensor
    if isOurs, case .string(let word) = tensor.attributes[typeAttribute(format)] {
      tensor.tensor = try scalar(step.value, type: word)
    }
    if !isOurs { tensor.name = globalName }
    return tensor
  }

  /// Gives a variable its step and what is needed to write it as it was.
  static func add(
    _ tensor: StateTensor,
    key: String,
    to variable: inout Variable,
    format: String
  ) throws {
    variable.step = try count(tensor)
    let type = tensor.tensor.elementType.rawValue + (tensor.tensor.shape.rank == 1 ? "[1]" : "")
    let text = AttributeValue.string("\(type);\(tensor.index ?? 0);\(key)")
    if variable.value != nil {
      variable.value?.attributes[attribute(format)] = text
    } else if !variable.slots.isEmpty {
      variable.slots[0].tensor.attributes[attribute(format)] = text
    }
  }

  /// The scalar that counts a variable's updates, `nil` where nobody counts them.
  static func tensor(
    of variable: Variable,
    format: String,
    isOurs: Bool
  ) throws -> StateTensor? {
    guard let step = variable.step else { return nil }
    let first = variable.value ?? variable.slots.first?.tensor
    guard isOurs, case .string(let text) = first?.attributes[attribute(format)] else {
      return StateTensor("\(variable.name)/step", .scalar(step))
    }
    let parts = text.unicodeScalars.split(
      separator: ";",
      maxSplits: 2,
      omittingEmptySubsequences: false
    )
    guard parts.count == 3, let index = Int(String(parts[1])) else {
      throw StateError(
        .malformed,
        "the attribute \(attribute(format)) is damaged",
        tensor: variable.name
      )
    }
    return StateTensor(
      String(parts[2]),
      try scalar(step, type: String(parts[0])),
      index: index
    )
  }

  /// The whole number in a scalar.
  package static func count(_ tensor: StateTensor) throws -> Int64 {
    let bytes = try tensor.tensor.bytes(limit: 8)
    let bits = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let value: Int64? =
      switch tensor.tensor.elementType {
      case .int64: Int64(bitPattern: bits)
      case .uint64: Int64(exactly: bits)
      case .int32: Int64(Int32(truncatingIfNeeded: bits))
      case .uint32: Int64(bits)
      case .float32: Int64(exactly: Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
      case .float64: Int64(exactly: Double(bitPattern: bits))
      default: nil
      }
    guard let value else {
      throw StateError(.malformed, "the step is no whole number", tensor: tensor.name)
    }
    return value
  }

  /// A scalar of the type that an attribute names.
  package static func scalar(_ value: Int64, type word: String) throws -> Tensor {
    let isVector = word.hasSuffix("[1]")
    let type = ElementType(rawValue: isVector ? String(word.dropLast(3)) : word)
    let bits: UInt64? =
      switch type {
      case .int64: UInt64(bitPattern: value)
      case .uint64: UInt64(exactly: value)
      case .int32: Int32(exactly: value).map { UInt64(UInt32(bitPattern: $0)) }
      case .uint32: UInt32(exactly: value).map(UInt64.init)
      case .float32: UInt64(Float(value).bitPattern)
      case .float64: Double(value).bitPattern
      default: nil
      }
    guard let type, let width = type.byteWidth, let bits else {
      throw StateError(.unsupported, "the step \(value) does not fit its type \(word)")
    }
    let bytes = (0..<width).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt64($0))) }
    return try Tensor(type, isVector ? .vector(1) : .scalar, bytes: bytes)
  }
}
