import ByteIO
import CKernels
import TestSupport
import Testing

@Suite("CRC32C")
struct CRC32CTests {
  private static let vectors: [(bytes: [UInt8], sum: UInt32)] = [
    // RFC 3720, appendix B.4.
    ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
    ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
    (Array(0...31), 0x46DD_794E),
    (Array((0...31).reversed()), 0x113F_DB5C),
    // The check value of the catalogue of parametrised CRC algorithms.
    (Array("123456789".utf8), 0xE306_9283),
    ([], 0),
  ]

  @Test(arguments: vectors)
  func knownSumsAreFound(_ bytes: [UInt8], _ sum: UInt32) {
    #expect(CRC32C.of(bytes).value == sum)
    #expect(portable(0, bytes[...]) == sum)
  }

  private func portable(_ start: UInt32, _ bytes: ArraySlice<UInt8>) -> UInt32 {
    unsafe bytes.withUnsafeBytes {
      unsafe optstate_crc32c_portable(start, $0.baseAddress, $0.count)
    }
  }

  private func fast(_ start: UInt32, _ bytes: ArraySlice<UInt8>) -> UInt32 {
    unsafe bytes.withUnsafeBytes { unsafe optstate_crc32c(start, $0.baseAddress, $0.count) }
  }

  /// Bit by bit, as the polynomial says.
  private func naive(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var sum: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0x82F6_3B78 : sum >> 1 }
    }
    return ~sum
  }

  @Test
  func bothPathsAgreeForEveryLengthAndAlignment() {
    var random = SeededGenerator(seed: 1)
    let bytes = random.bytes(4 * 3 * 2048)
    // Around the blocks that are summed in three strands at a time.
    let edges = [3 * 256, 3 * 2048, 2 * 3 * 2048, 3 * 2048 + 3 * 256]
    let lengths = Array(0...300) + edges.flatMap { ($0 - 17)...($0 + 17) }
    for length in lengths {
      for start in 0..<8 {
        let part = bytes[start..<start + length]
        #expect(fast(0, part) == portable(0, part), "\(length) bytes from \(start)")
        #expect(fast(0xDEAD_BEEF, part) == portable(0xDEAD_BEEF, part))
      }
    }
    for length in [0, 1, 7, 8, 9, 300, 3 * 2048 + 5] {
      #expect(portable(0, bytes[..<length]) == naive(bytes[..<length]))
    }
  }

  @Test
  func sumsOfPartsCombine() {
    var random = SeededGenerator(seed: 2)
    let bytes = random.bytes(5000)
    for cut in Array(0...70) + [255, 256, 257, 1024, 4096, 4999, 5000] {
      var sum = CRC32C.of(bytes[..<cut])
      sum.add(CRC32C.of(bytes[cut...]), count: bytes.count - cut)
      #expect(sum == CRC32C.of(bytes), "cut at \(cut)")
    }
  }

  @Test
  func sumOfManyZerosIsFoundWithoutReadingThem() {
    var sum = CRC32C.of([1])
    var longhand = sum
    let zeros = [UInt8](repeating: 0, count: 1 << 20)
    for _ in 0..<3 { longhand.add(zeros) }
    sum.add(CRC32C.of(zeros), count: zeros.count)
    sum.add(CRC32C.of(zeros), count: zeros.count)
    sum.add(CRC32C.of(zeros), count: zeros.count)
    #expect(sum == longhand)
  }

  @Test
  func maskIsTheOneOfLevelDB() {
    #expect(CRC32C().masked == 0xA282_EAD8)
    #expect(CRC32C(0xFFFF_FFFF).masked == 0xA282_EAD7)
    #expect(CRC32C(0x0001_8000).masked == 0xA282_EAD8 &+ 0x0000_0003)
    for bit in 0..<32 {
      let sum = CRC32C(1 << bit)
      #expect(CRC32C(masked: sum.masked) == sum)
      #expect(sum.masked != sum.value)
    }
  }

  @Test
  func bytesInPiecesSumAsBytesAtOnce() {
    let bytes = Array("a rather ordinary sentence".utf8)
    var sum = CRC32C()
    for byte in bytes { sum.add(CollectionOfOne(byte)) }
    // A sequence without contiguous storage.
    #expect(CRC32C.of(bytes.lazy.map { $0 }) == sum)
    #expect(CRC32C.of(bytes) == sum)
  }
}
