import ByteIO
import Tensors
import TestSupport
import Testing

@Suite("Zlib")
struct ZlibTests {
  private func deflate(_ bytes: [UInt8], level: Int, _ container: Zlib.Container) throws -> [UInt8]
  {
    try unsafe bytes.withUnsafeBytes {
      try unsafe Zlib.deflate($0, level: level, container: container)
    }
  }

  private func inflate(_ bytes: [UInt8], _ count: Int, _ container: Zlib.Container) throws
    -> [UInt8]
  {
    var output = [UInt8](repeating: 0xAA, count: count)
    try unsafe bytes.withUnsafeBytes { input in
      try unsafe output.withUnsafeMutableBytes {
        try unsafe Zlib.inflate(input, into: $0, container: container)
      }
    }
    return output
  }

  @Test(arguments: 0...9, [Zlib.Container.zlib, .raw])
  func everyLevelComesBack(_ level: Int, _ container: Zlib.Container) throws {
    var random = SeededGenerator(seed: 5)
    for bytes in [[1], [UInt8](repeating: 0, count: 100_000), random.bytes(10_000)] {
      let packed = try deflate(bytes, level: level, container)
      #expect(try inflate(packed, bytes.count, container) == bytes)
    }
  }

  @Test(arguments: [-2, 10, 100])
  func levelThatDoesNotExistIsRefused(_ level: Int) throws {
    #expect(try errorCode { _ = try deflate([1], level: level, .zlib) } == .invalidArgument)
  }

  @Test(arguments: [0, 1, 999, 1001, 5000])
  func dataOfAnotherSizeThanDeclaredIsRefused(_ count: Int) throws {
    let packed = try deflate([UInt8](repeating: 3, count: 1000), level: 6, .zlib)
    #expect(try errorCode { _ = try inflate(packed, count, .zlib) } == .malformed)
  }

  @Test
  func everyPrefixAndEveryFlippedBitIsRefused() throws {
    var random = SeededGenerator(seed: 6)
    let bytes = random.bytes(20) + [UInt8](repeating: 1, count: 50)
    let packed = try deflate(bytes, level: 6, .zlib)
    for count in 0..<packed.count {
      #expect(
        try errorCode { _ = try inflate(Array(packed[..<count]), bytes.count, .zlib) } == .malformed
      )
    }
    for bit in 0..<8 * packed.count {
      var damaged = packed
      damaged[bit / 8] ^= 1 << (bit % 8)
      var output: [UInt8]?
      let code = try errorCode { output = try inflate(damaged, bytes.count, .zlib) }
      // Hints in the header, such as the window's size, may change nothing.
      #expect(code == .malformed || output == bytes, "bit \(bit)")
    }
  }

  @Test
  func containersAreNotMistakenForEachOther() throws {
    let bytes = [UInt8](repeating: 3, count: 1000)
    let packed = try deflate(bytes, level: 6, .raw)
    #expect(try errorCode { _ = try inflate(packed, 1000, .zlib) } == .malformed)
  }
}
