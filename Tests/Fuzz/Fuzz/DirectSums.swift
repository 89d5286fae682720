import HDF5

/// The sums of HDF5's object headers, made right after their contents were changed.
enum DirectSums {
  static func repaired(_ input: [UInt8]) -> [UInt8] {
    var bytes = input
    if bytes.count >= 48 { seal(0..<44, in: &bytes) }
    for start in stride(from: 0, to: bytes.count - 16, by: 8) {
      guard bytes[start] == UInt8(ascii: "O") else { continue }
      if bytes[start..<start + 4].elementsEqual("OHDR".utf8) {
        let flags = bytes[start + 5]
        let prefix = 6 + (flags & 0x20 != 0 ? 16 : 0) + (flags & 0x10 != 0 ? 4 : 0)
        let width = 1 << Int(flags & 3)
        guard start + prefix + width <= bytes.count else { continue }
        let size = bytes[start + prefix..<start + prefix + width].reversed().reduce(0) {
          $0 << 8 | Int($1) & 0xFF
        }
        guard size >= 0, size <= bytes.count - start - prefix - width - 4 else { continue }
        // Continuations first: their addresses lie in this block, their sums in theirs.
        continuations(in: start + prefix + width..<start + prefix + width + size, of: &bytes)
        seal(start..<start + prefix + width + size, in: &bytes)
      }
    }
    return bytes
  }

  private static func continuations(in block: Range<Int>, of bytes: inout [UInt8]) {
    var place = block.lowerBound
    while place + 4 <= block.upperBound {
      let size = Int(bytes[place + 1]) | Int(bytes[place + 2]) << 8
      guard place + 4 + size <= block.upperBound else { return }
      if bytes[place] == 0x10, size == 16 {
        let numbers = [place + 4, place + 12].map { start in
          bytes[start..<start + 6].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        if numbers[1] >= 8, numbers[0] <= bytes.count, numbers[1] <= bytes.count - numbers[0] {
          seal(numbers[0]..<numbers[0] + numbers[1] - 4, in: &bytes)
        }
      }
      place += 4 + size
    }
  }

  private static func seal(_ block: Range<Int>, in bytes: inout [UInt8]) {
    let sum = Lookup3.of(bytes[block])
    for place in 0..<4 {
      bytes[block.upperBound + place] = UInt8(truncatingIfNeeded: sum >> UInt32(8 * place))
    }
  }
}
