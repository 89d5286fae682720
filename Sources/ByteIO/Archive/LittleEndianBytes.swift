/// Bytes to which little-endian integers are appended.
struct LittleEndianBytes {
  private(set) var bytes: [UInt8] = []

  mutating func add<Integer: FixedWidthInteger & UnsignedInteger>(_ values: Integer...) {
    for value in values {
      for place in 0..<MemoryLayout<Integer>.size {
        bytes.append(UInt8(truncatingIfNeeded: value >> (8 * place)))
      }
    }
  }

  mutating func add(_ more: [UInt8]) { bytes += more }
}
