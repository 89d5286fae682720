/// The type of a tensor's elements, independent of any file format.
///
/// Every type that a checkpoint of the supported frameworks can hold is named, including those that
/// no arithmetic here touches: they are carried as bytes. The raw value is the canonical spelling,
/// the one of NumPy and ml_dtypes where they have one.
public enum ElementType: String, Sendable, Hashable, CaseIterable {
  case float16
  case float32
  case float64
  case bfloat16
  case int8
  case int16
  case int32
  case int64
  case uint8
  case uint16
  case uint32
  case uint64
  case bool
  case complex64
  case complex128
  case float8E5M2 = "float8_e5m2"
  case float8E4M3FN = "float8_e4m3fn"
  case float8E4M3FNUZ = "float8_e4m3fnuz"
  case float8E4M3B11FNUZ = "float8_e4m3b11fnuz"
  case float8E5M2FNUZ = "float8_e5m2fnuz"
  case float8E8M0FNU = "float8_e8m0fnu"
  case float4E2M1FN = "float4_e2m1fn"
  case int4
  case uint4
  case int2
  case uint2
  case qint8
  case quint8
  case qint16
  case quint16
  case qint32
  /// Byte strings of any length; see ``StringTensor`` for the layout of their bytes.
  case string
  /// A framework's own serialized objects, of any length and carried as they are.
  case variant

  /// Bytes that one element takes, or `nil` where elements differ in length.
  ///
  /// Types narrower than a byte take a whole byte each, value in the low bits, as TensorFlow keeps
  /// them.
  public var byteWidth: Int? {
    switch self {
    case .int8, .uint8, .bool, .float8E5M2, .float8E4M3FN, .float8E4M3FNUZ, .float8E4M3B11FNUZ,
      .float8E5M2FNUZ, .float8E8M0FNU, .float4E2M1FN, .int4, .uint4, .int2, .uint2, .qint8, .quint8:
      1
    case .float16, .bfloat16, .int16, .uint16, .qint16, .quint16: 2
    case .float32, .int32, .uint32, .qint32: 4
    case .float64, .int64, .uint64, .complex64: 8
    case .complex128: 16
    case .string, .variant: nil
    }
  }

  /// Whether ``ElementConversion`` turns the elements into numbers.
  public var isNumeric: Bool {
    switch self {
    case .float16, .float32, .float64, .bfloat16, .int8, .int16, .int32, .int64, .uint8, .uint16,
      .uint32, .uint64, .bool:
      true
    default: false
    }
  }

  /// Whether the elements are binary floating-point numbers that arithmetic here understands.
  public var isFloatingPoint: Bool {
    switch self {
    case .float16, .float32, .float64, .bfloat16: true
    default: false
    }
  }
}
