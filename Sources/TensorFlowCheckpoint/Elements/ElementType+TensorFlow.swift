internal import Tensors

extension ElementType {
  /// `DataType` of tensorflow/core/framework/types.proto, by number.
  private static let byNumber: [Int32: ElementType] = [
    1: .float32, 2: .float64, 3: .int32, 4: .uint8, 5: .int16, 6: .int8, 7: .string, 8: .complex64,
    9: .int64, 10: .bool, 11: .qint8, 12: .quint8, 13: .qint32, 14: .bfloat16, 15: .qint16,
    16: .quint16, 17: .uint16, 18: .complex128, 19: .float16, 21: .variant, 22: .uint32,
    23: .uint64,
    24: .float8E5M2, 25: .float8E4M3FN, 26: .float8E4M3FNUZ, 27: .float8E4M3B11FNUZ,
    28: .float8E5M2FNUZ, 29: .int4, 30: .uint4, 31: .int2, 32: .uint2, 33: .float4E2M1FN,
  ]

  private static let numbers = Dictionary(uniqueKeysWithValues: byNumber.map { ($1, $0) })

  /// The type that a bundle states.
  ///
  /// - Throws: `StateError` with code `unsupported` for a number that no bundle of today has.
  init(tensorFlow number: Int32) throws {
    guard let type = Self.byNumber[number] else {
      throw StateError(.unsupported, "the element type number \(number) is unknown")
    }
    self = type
  }

  /// The number by which a bundle states the type.
  ///
  /// - Throws: `StateError` with code `unsupported` for a type that TensorFlow lacks.
  func tensorFlowNumber() throws -> Int32 {
    guard let number = Self.numbers[self] else {
      throw StateError(.unsupported, "TensorFlow has no element type \(rawValue)")
    }
    return number
  }
}
