internal import ByteIO
internal import Tensors

/// Variant tensors, which are carried as they are stored; only their sum has to be understood.
///
/// Source: tensorflow/core/util/tensor_bundle/tensor_bundle.cc, `WriteVariantTensor`.
enum VariantCoding {
  /// The sum that a bundle keeps of stored variants, the sums within verified.
  static func sum(_ stored: [UInt8], count: Int, at offset: Int) throws -> CRC32C {
    var cursor = BlockCursor(stored, base: offset)
    var sum = CRC32C()
    guard count <= stored.count else {
      throw StateError(.malformed, "a variant tensor has more elements than bytes", offset: offset)
    }
    for _ in 0..<count {
      let length = try cursor.length("variant length")
      sum.add((0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) })
      sum.add(try cursor.take(length, "variant"))
      let stated = try cursor.take(4, "sum of a variant")
      var word = BlockCursor(stated, base: offset)
      guard CRC32C(masked: try word.integer(UInt32.self, "sum")) == sum else {
        throw StateError(.checksumMismatch, "a variant does not match its CRC-32C", offset: offset)
      }
      sum.add(stated)
    }
    guard cursor.remaining == 0 else {
      throw StateError(.malformed, "bytes follow the last variant", offset: cursor.offset)
    }
    return sum
  }
}
