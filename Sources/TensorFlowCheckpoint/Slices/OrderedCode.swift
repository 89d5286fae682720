/// Keys that sort as their parts do, by which a bundle names the slices of a tensor.
///
/// Source: tensorflow/core/lib/strings/ordered_code.cc and
/// tensorflow/core/util/saved_tensor_slice_util.cc, `EncodeTensorNameSlice`.
enum OrderedCode {
  /// The key of a slice: name, rank, then start and length of each axis; 0 and -1 for a whole axis.
  static func sliceKey(_ name: String, _ extents: [SliceExtent]) -> [UInt8] {
    var key: [UInt8] = []
    append(unsigned: 0, to: &key)
    append(string: name, to: &key)
    append(unsigned: UInt64(extents.count), to: &key)
    for extent in extents {
      append(signed: extent.length == nil ? 0 : Int64(extent.start), to: &key)
      append(signed: extent.length.map(Int64.init) ?? -1, to: &key)
    }
    return key
  }

  private static func append(unsigned value: UInt64, to key: inout [UInt8]) {
    let count = (64 - value.leadingZeroBitCount + 7) / 8
    key.append(UInt8(count))
    for place in (0..<count).reversed() {
      key.append(UInt8(truncatingIfNeeded: value >> (8 * place)))
    }
  }

  private static func append(string: String, to key: inout [UInt8]) {
    for byte in string.utf8 {
      switch byte {
      case 0x00: key += [0x00, 0xFF]
      case 0xFF: key += [0xFF, 0x00]
      default: key.append(byte)
      }
    }
    key += [0x00, 0x01]
  }

  /// The sign bit flipped, behind a unary count of the bytes that is part of the first ones.
  private static func append(signed value: Int64, to key: inout [UInt8]) {
    if (-64..<64).contains(value) {
      key.append(0x80 ^ UInt8(truncatingIfNeeded: value))
      return
    }
    let magnitude = value < 0 ? UInt64(bitPattern: ~value) : UInt64(value)
    let bits = 64 - magnitude.leadingZeroBitCount
    // A length of L bytes leaves 7·L - 1 bits for the number.
    let count = min(10, bits / 7 + 1)
    var bytes = (0..<count).reversed().map { place in
      place < 8
        ? UInt8(truncatingIfNeeded: value >> Int64(8 * place)) : value < 0 ? UInt8(0xFF) : 0
    }
    let header: [UInt8] =
      switch count {
      case 9: [0xFF, 0x80]
      case 10: [0xFF, 0xC0]
      default: [UInt8(truncatingIfNeeded: 0xFF00 >> count)]
      }
    for (place, bits) in header.enumerated() { bytes[place] ^= bits }
    key += bytes
  }
}
