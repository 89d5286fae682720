package import Tensors

/// PyTorch's names of element types.
package enum TorchType {
  private static let names: [String: ElementType] = [
    "float16": .float16, "half": .float16, "float32": .float32, "float": .float32,
    "float64": .float64, "double": .float64, "bfloat16": .bfloat16, "int8": .int8,
    "int16": .int16, "int32": .int32, "int64": .int64, "uint8": .uint8, "uint16": .uint16,
    "uint32": .uint32, "uint64": .uint64, "bool": .bool, "complex64": .complex64,
    "complex128": .complex128, "float8_e5m2": .float8E5M2, "float8_e4m3fn": .float8E4M3FN,
    "float8_e4m3fnuz": .float8E4M3FNUZ, "float8_e5m2fnuz": .float8E5M2FNUZ,
  ]

  /// Names that quantized tensors are described with.
  static let quantized = [
    "per_tensor_affine", "per_channel_affine", "per_channel_affine_float_qparams", "qint8",
    "quint8", "qint32",
  ]

  /// All names.
  package static var allNames: [String] { Array(names.keys) }

  /// The element type that `torch.<name>` is, `nil` where there is none here.
  package static func elementType(named name: String) -> ElementType? { names[name] }

  /// The name of `torch.<name>` for an element type.
  ///
  /// - Throws: `StateError` with code `unsupported` when PyTorch has no such type.
  package static func name(of type: ElementType) throws -> String {
    guard let known = names[type.rawValue] else {
      throw StateError(.unsupported, "PyTorch has no elements of type \(type.rawValue)")
    }
    return known.rawValue
  }
}

/// PyTorch's classes of storages.
package enum StorageType: Hashable {
  /// Bytes, whose type is the tensor's.
  case untyped
  case typed(ElementType)

  private static let classes: [String: ElementType] = [
    "FloatStorage": .float32, "DoubleStorage": .float64, "HalfStorage": .float16,
    "BFloat16Storage": .bfloat16, "LongStorage": .int64, "IntStorage": .int32,
    "ShortStorage": .int16, "CharStorage": .int8, "ByteStorage": .uint8, "BoolStorage": .bool,
    "ComplexFloatStorage": .complex64, "ComplexDoubleStorage": .complex128,
  ]

  private static let names = Dictionary(uniqueKeysWithValues: classes.map { ($1, $0) })

  /// Storages of quantized tensors: their codes.
  private static let codes: [String: ElementType] = [
    "QInt8Storage": .int8, "QUInt8Storage": .uint8, "QInt32Storage": .int32,
  ]

  /// Names of all classes.
  static var classNames: [String] {
    Array(classes.keys) + Array(codes.keys) + ["UntypedStorage"]
  }

  /// The class of that name, `nil` where there is none.
  package init?(className: String) {
    if className == "UntypedStorage" {
      self = .untyped
    } else if let type = Self.classes[className] ?? Self.codes[className] {
      self = .typed(type)
    } else {
      return nil
    }
  }

  /// The class for an element type; the newer ones have none of their own.
  package init(_ type: ElementType) { self = Self.names[type] == nil ? .untyped : .typed(type) }

  /// Module and name of the class.
  package var global: (module: String, name: String) {
    switch self {
    case .untyped: ("torch.storage", "UntypedStorage")
    case .typed(let type): ("torch", Self.names[type] ?? "UntypedStorage")
    }
  }

  /// Bytes of an element.
  package var width: Int {
    switch self {
    case .untyped: 1
    case .typed(let type): type.byteWidth ?? 1
    }
  }
}
