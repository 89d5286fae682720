import ByteIO
import CZlib
import Tensors
import TestSupport
import Testing

@Suite("Deflate")
struct DeflateTests {
  private func deflate(_ bytes: [UInt8], level: Int) throws -> [UInt8] {
    let deflater = try Deflater(level: level)
    return try unsafe bytes.withUnsafeBytes { try unsafe deflater.deflate($0) }
  }

  private func inflate(_ bytes: [UInt8], _ count: Int) throws -> [UInt8] {
    var output = [UInt8](repeating: 0xAA, count: count)
    try unsafe bytes.withUnsafeBytes { input in
      try unsafe output.withUnsafeMutableBytes { try unsafe Deflate.inflate(input, into: $0) }
    }
    return output
  }

  /// The stream of zlib itself.
  private func zlib(_ bytes: [UInt8], level: Int) -> [UInt8] {
    var count = compressBound(UInt(bytes.count))
    var output = [UInt8](repeating: 0, count: Int(count))
    let status = unsafe compress2(&output, &count, bytes, UInt(bytes.count), Int32(level))
    #expect(status == Z_OK)
    return Array(output[..<Int(count)])
  }

  private static let samples: [[UInt8]] = {
    var random = SeededGenerator(seed: 5)
    let halves = (0..<50_000).map { _ in UInt8.random(in: 0..<16, using: &random) }
    return [[1], [UInt8](repeating: 0, count: 100_000), random.bytes(10_000), halves]
  }()

  @Test(arguments: 0...9)
  func everyLevelComesBack(_ level: Int) throws {
    for bytes in Self.samples {
      #expect(try inflate(deflate(bytes, level: level), bytes.count) == bytes)
    }
  }

  @Test(arguments: 1...9)
  func zlibReadsWhatIsWrittenAndIsRead(_ level: Int) throws {
    for bytes in Self.samples {
      let packed = try deflate(bytes, level: level)
      var output = [UInt8](repeating: 0, count: bytes.count)
      var count = UInt(bytes.count)
      #expect(unsafe uncompress(&output, &count, packed, UInt(packed.count)) == Z_OK)
      #expect(output == bytes && count == bytes.count)
      #expect(try inflate(zlib(bytes, level: level), bytes.count) == bytes)
    }
  }

  /// What users know as `gzip:N` is not to grow; a few bytes are the headers of blocks.
  @Test(arguments: 1...9)
  func nothingGetsLargerThanByZlib(_ level: Int) throws {
    for bytes in Self.samples where bytes.count > 1000 {
      let (own, other) = (try deflate(bytes, level: level), zlib(bytes, level: level))
      #expect(own.count <= other.count + 32, "\(bytes.count) bytes")
    }
  }

  @Test(arguments: [-2, 10, 100])
  func levelThatDoesNotExistIsRefused(_ level: Int) throws {
    #expect(try errorCode { _ = try Deflater(level: level) } == .invalidArgument)
    #expect(
      try errorCode {
        _ = try unsafe [1].withUnsafeBytes { try unsafe Zlib.deflate($0, level: level) }
      }
        == .invalidArgument
    )
  }

  @Test(arguments: [0, 1, 999, 1001, 5000])
  func dataOfAnotherSizeThanDeclaredIsRefused(_ count: Int) throws {
    let packed = try deflate([UInt8](repeating: 3, count: 1000), level: 6)
    #expect(try errorCode { _ = try inflate(packed, count) } == .malformed)
  }

  @Test
  func everyPrefixAndEveryFlippedBitIsRefused() throws {
    var random = SeededGenerator(seed: 6)
    let bytes = random.bytes(20) + [UInt8](repeating: 1, count: 50)
    let packed = try deflate(bytes, level: 6)
    for count in 0..<packed.count {
      #expect(
        try errorCode { _ = try inflate(Array(packed[..<count]), bytes.count) } == .malformed
      )
    }
    for bit in 0..<8 * packed.count {
      var damaged = packed
      damaged[bit / 8] ^= 1 << (bit % 8)
      var output: [UInt8]?
      let code = try errorCode { output = try inflate(damaged, bytes.count) }
      // Hints in the header, such as the window's size, may change nothing.
      #expect(code == .malformed || output == bytes, "bit \(bit)")
    }
  }

  @Test
  func rawDataIsNotMistakenForAStream() throws {
    let bytes = [UInt8](repeating: 3, count: 1000)
    let packed = try unsafe bytes.withUnsafeBytes { try unsafe Zlib.deflate($0, level: 6) }
    #expect(try errorCode { _ = try inflate(packed, 1000) } == .malformed)
  }
}
