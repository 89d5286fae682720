internal import ByteIO
internal import Tensors

/// String tensors as a bundle stores them: varint lengths, a sum over the lengths, the bytes.
///
/// Source: tensorflow/core/util/tensor_bundle/tensor_bundle.cc, `WriteStringTensor`.
enum StringCoding {
  /// Turns the stored form into that of `StringTensor`, both sums verified.
  static func decode(
    _ stored: [UInt8],
    count: Int,
    expected: CRC32C,
    at offset: Int
  ) throws -> [UInt8] {
    var cursor = BlockCursor(stored, base: offset)
    guard count <= stored.count else {
      throw StateError(
        .malformed,
        "a string tensor has more elements than bytes",
        offset: offset,
        found: "\(count)"
      )
    }
    var sum = CRC32C()
    var lengths: [Int] = []
    lengths.reserveCapacity(count)
    for _ in 0..<count {
      let length = try cursor.length("string length")
      sum.add(lengthWord(length))
      lengths.append(length)
    }
    let lengthSum = try cursor.take(4, "sum of the string lengths")
    var stated = BlockCursor(lengthSum, base: offset)
    guard CRC32C(masked: try stated.integer(UInt32.self, "sum")) == sum else {
      throw StateError(
        .checksumMismatch,
        "string lengths do not match their CRC-32C",
        offset: offset
      )
    }
    sum.add(lengthSum)
    var elements: [[UInt8]] = []
    elements.reserveCapacity(count)
    for length in lengths {
      let element = try cursor.take(length, "string")
      sum.add(element)
      elements.append(Array(element))
    }
    guard cursor.remaining == 0 else {
      throw StateError(.malformed, "bytes follow the last string", offset: cursor.offset)
    }
    guard sum == expected else {
      throw StateError(.checksumMismatch, "strings do not match their CRC-32C", offset: offset)
    }
    return StringTensor.encode(elements)
  }

  /// The stored form and its sum.
  static func encode(_ elements: [[UInt8]]) -> (bytes: [UInt8], sum: CRC32C) {
    var bytes: [UInt8] = []
    var sum = CRC32C()
    for element in elements {
      bytes.appendVarint(UInt64(element.count))
      sum.add(lengthWord(element.count))
    }
    let lengthSum = (0..<4).map { UInt8(truncatingIfNeeded: sum.masked >> (8 * $0)) }
    bytes += lengthSum
    sum.add(lengthSum)
    for element in elements {
      bytes += element
      sum.add(element)
    }
    return (bytes, sum)
  }

  /// A length as it enters the sum: 32 bits, or 64 where it needs them.
  private static func lengthWord(_ length: Int) -> [UInt8] {
    let width = length > UInt32.max ? 8 : 4
    return (0..<width).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
  }
}
