import ByteIO
import CKernels
import CZlib
import TestSupport
import Testing

@Suite("CRC32")
struct CRC32Tests {
  private func fast(_ start: UInt32, _ bytes: ArraySlice<UInt8>) -> UInt32 {
    unsafe bytes.withUnsafeBytes { unsafe optstate_crc32(start, $0.baseAddress, $0.count) }
  }

  private func portable(_ start: UInt32, _ bytes: ArraySlice<UInt8>) -> UInt32 {
    unsafe bytes.withUnsafeBytes {
      unsafe optstate_crc32_portable(start, $0.baseAddress, $0.count)
    }
  }

  private func zlib(_ start: UInt32, _ bytes: ArraySlice<UInt8>) -> UInt32 {
    unsafe bytes.withUnsafeBufferPointer {
      // zlib takes a missing pointer for a question about its start value.
      guard let address = $0.baseAddress, !$0.isEmpty else { return start }
      return UInt32(unsafe CZlib.crc32(UInt(start), address, UInt32($0.count)))
    }
  }

  @Test
  func checkValueOfTheCatalogueIsFound() {
    #expect(CRC32.of(Array("123456789".utf8)).value == 0xCBF4_3926)
    #expect(CRC32.of([]).value == 0)
  }

  @Test
  func bothPathsAgreeWithZlibForEveryLengthAndAlignment() {
    var random = SeededGenerator(seed: 11)
    let bytes = random.bytes(5000)
    for length in Array(0...300) + [1023, 1024, 1025, 4000, 4097] {
      for start in 0..<8 {
        let part = bytes[start..<start + length]
        for seed in [0, 0xDEAD_BEEF] as [UInt32] {
          let wanted = zlib(seed, part)
          #expect(fast(seed, part) == wanted, "\(length) bytes from \(start)")
          #expect(portable(seed, part) == wanted, "\(length) bytes from \(start)")
        }
      }
    }
  }

  @Test
  func sumsOfPartsCombine() {
    var random = SeededGenerator(seed: 12)
    let bytes = random.bytes(3000)
    for cut in Array(0...70) + [255, 256, 1024, 2999, 3000] {
      var sum = CRC32.of(Array(bytes[..<cut]))
      sum.add(CRC32.of(Array(bytes[cut...])), count: bytes.count - cut)
      #expect(sum == CRC32.of(bytes), "cut at \(cut)")
    }
  }
}
