/// How the byte strings of a tensor are laid out in the bytes of a handle: one little-endian
/// 64-bit length per element, then all strings one after another.
public enum StringTensor {
  /// Lays out strings.
  ///
  /// - Parameter elements: The strings in row-major order.
  /// - Returns: The bytes of the layout.
  public static func encode(_ elements: [[UInt8]]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(elements.reduce(0) { $0 + 8 + $1.count })
    for element in elements {
      let count = UInt64(element.count)
      for place in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: count >> (8 * place))) }
    }
    for element in elements { bytes += element }
    return bytes
  }

  /// Finds the strings again.
  ///
  /// - Parameters:
  ///   - bytes: The layout.
  ///   - count: Number of elements.
  /// - Returns: The strings in row-major order.
  /// - Throws: ``StateError`` with code `malformed` when lengths and bytes disagree.
  public static func decode(_ bytes: [UInt8], count: Int) throws -> [[UInt8]] {
    let malformed = StateError(.malformed, "the lengths of a string tensor do not fit its bytes")
    guard count >= 0, count <= bytes.count / 8 else { throw malformed }
    var elements: [[UInt8]] = []
    elements.reserveCapacity(count)
    var position = 8 * count
    for index in 0..<count {
      let word = bytes[8 * index..<8 * index + 8].reversed().reduce(UInt64(0)) {
        $0 << 8 | UInt64($1)
      }
      guard let length = Int(exactly: word), length <= bytes.count - position else {
        throw malformed
      }
      elements.append(Array(bytes[position..<position + length]))
      position += length
    }
    guard position == bytes.count else { throw malformed }
    return elements
  }
}
