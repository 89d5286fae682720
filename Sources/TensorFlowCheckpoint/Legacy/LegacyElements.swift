internal import Tensors

/// The elements of a `TensorProto` without shape, as V1 checkpoints hold them: a list per kind of type.
///
/// Source: tensorflow/core/util/saved_tensor_slice_util.h, `TensorProtoData`.
enum LegacyElements {
  static func bytes(_ data: LegacyTensor, _ type: ElementType, _ count: Int) throws -> [UInt8] {
    switch type {
    case .float32: try little(data.floatVal.map(\.bitPattern), count)
    case .float64: try little(data.doubleVal.map(\.bitPattern), count)
    case .int32, .qint32: try little(data.intVal, count)
    case .int16, .uint16, .qint16, .quint16:
      try little(data.intVal.map { UInt16(truncatingIfNeeded: $0) }, count)
    case .int8, .uint8, .qint8, .quint8:
      try little(data.intVal.map { UInt8(truncatingIfNeeded: $0) }, count)
    case .int64: try little(data.int64Val, count)
    case .uint32: try little(data.uint32Val, count)
    case .uint64: try little(data.uint64Val, count)
    case .bool: try little(data.boolVal.map { UInt8($0 ? 1 : 0) }, count)
    case .float16: try little(data.halfVal.map { UInt16(truncatingIfNeeded: $0) }, count)
    // Real and imaginary parts alternate.
    case .complex64: try little(data.scomplexVal.map(\.bitPattern), 2 * count)
    case .complex128: try little(data.dcomplexVal.map(\.bitPattern), 2 * count)
    case .string:
      StringTensor.encode(try checked(data.stringVal.map { Array($0) }, count))
    default: throw StateError(.unsupported, "version 1 has no elements of type \(type.rawValue)")
    }
  }

  private static func little<Element: FixedWidthInteger>(
    _ elements: [Element],
    _ count: Int
  ) throws -> [UInt8] {
    try checked(elements, count).flatMap { element in
      (0..<Element.bitWidth / 8).map { UInt8(truncatingIfNeeded: element >> (8 * $0)) }
    }
  }

  private static func checked<Element>(_ elements: [Element], _ count: Int) throws -> [Element] {
    guard elements.count == count else {
      throw StateError(
        .malformed,
        "a slice holds another number of elements than its shape",
        expected: "\(count)",
        found: "\(elements.count)"
      )
    }
    return elements
  }
}
