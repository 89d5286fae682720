public import Tensors

/// The element types of safetensors, in the order in which the reference writer ranks them.
public enum SafetensorsType: String, Sendable, Hashable, CaseIterable {
  case bool = "BOOL"
  case f4 = "F4"
  case f6E2M3 = "F6_E2M3"
  case f6E3M2 = "F6_E3M2"
  case u8 = "U8"
  case i8 = "I8"
  case f8E5M2 = "F8_E5M2"
  case f8E4M3 = "F8_E4M3"
  case f8E8M0 = "F8_E8M0"
  case f8E4M3FNUZ = "F8_E4M3FNUZ"
  case f8E5M2FNUZ = "F8_E5M2FNUZ"
  case i16 = "I16"
  case u16 = "U16"
  case f16 = "F16"
  case bf16 = "BF16"
  case i32 = "I32"
  case u32 = "U32"
  case f32 = "F32"
  case c64 = "C64"
  case f64 = "F64"
  case i64 = "I64"
  case u64 = "U64"

  /// Bits of an element; those of a tensor fill whole bytes.
  public var bits: Int {
    switch self {
    case .f4: 4
    case .f6E2M3, .f6E3M2: 6
    case .bool, .u8, .i8, .f8E5M2, .f8E4M3, .f8E8M0, .f8E4M3FNUZ, .f8E5M2FNUZ: 8
    case .i16, .u16, .f16, .bf16: 16
    case .i32, .u32, .f32: 32
    case .c64, .f64, .i64, .u64: 64
    }
  }

  /// The hub's type, `nil` for the six-bit ones: no framework says in which order their bits are
  /// packed, so that they are carried as they are.
  public var elementType: ElementType? {
    switch self {
    case .bool: .bool
    case .f4: .float4E2M1FN
    case .f6E2M3, .f6E3M2: nil
    case .u8: .uint8
    case .i8: .int8
    case .f8E5M2: .float8E5M2
    case .f8E4M3: .float8E4M3FN
    case .f8E8M0: .float8E8M0FNU
    case .f8E4M3FNUZ: .float8E4M3FNUZ
    case .f8E5M2FNUZ: .float8E5M2FNUZ
    case .i16: .int16
    case .u16: .uint16
    case .f16: .float16
    case .bf16: .bfloat16
    case .i32: .int32
    case .u32: .uint32
    case .f32: .float32
    case .c64: .complex64
    case .f64: .float64
    case .i64: .int64
    case .u64: .uint64
    }
  }

  /// The type that holds elements of a hub's type, `nil` where there is none.
  ///
  /// - Parameter elementType: The hub's type.
  public init?(_ elementType: ElementType) {
    guard let type = Self.byElementType[elementType] else { return nil }
    self = type
  }

  private static let byElementType = Dictionary(
    uniqueKeysWithValues: allCases.compactMap { type in type.elementType.map { ($0, type) } }
  )

  /// The place in the reference writer's order; tensors of a higher rank come first in a file.
  var rank: Int { Self.ranks[self] ?? 0 }

  private static let ranks = Dictionary(
    uniqueKeysWithValues: allCases.enumerated().map { ($1, $0) }
  )
}
