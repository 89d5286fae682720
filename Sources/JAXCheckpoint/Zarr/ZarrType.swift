internal import ByteIO
internal import Tensors

/// Element types by zarr's words: those of NumPy's array interface in version 2, names in version 3.
struct ZarrType {
  let elementType: ElementType
  let isBigEndian: Bool

  /// Reads a type.
  ///
  /// - Parameter word: Such as `<f4`, `|b1`, `bfloat16`, `float32`.
  /// - Throws: `StateError` with code `unsupported`.
  init(_ word: String) throws {
    if let type = ElementType(rawValue: word), type.byteWidth != nil {
      (elementType, isBigEndian) = (type, false)
      return
    }
    let plain: [String: ElementType] = [
      "b1": .bool, "i1": .int8, "i2": .int16, "i4": .int32, "i8": .int64, "u1": .uint8,
      "u2": .uint16, "u4": .uint32, "u8": .uint64, "f2": .float16, "f4": .float32,
      "f8": .float64, "c8": .complex64, "c16": .complex128,
    ]
    guard let mark = word.first, "<>|".contains(mark), let type = plain[String(word.dropFirst())]
    else {
      throw StateError(.unsupported, "an array of a type that is not known here", found: word)
    }
    (elementType, isBigEndian) = (type, mark == ">")
  }
}
