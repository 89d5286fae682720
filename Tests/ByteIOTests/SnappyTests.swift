import ByteIO
import Tensors
import TestSupport
import Testing

@Suite("Snappy")
struct SnappyTests {
  private func decompress(_ block: [UInt8]) throws -> [UInt8] {
    try Snappy.decompress(block[...], at: 1000)
  }

  private static let text = Array("abcdefgh".utf8)

  @Test
  func literalsOfEveryLengthFormComeBack() throws {
    var random = SeededGenerator(seed: 3)
    for count in [1, 2, 59, 60, 61, 255, 256, 257, 65_535, 65_536, 65_537] {
      let bytes = random.bytes(count)
      var block = Self.varint(count)
      block += Self.literal(bytes)
      #expect(try decompress(block) == bytes, "\(count) bytes")
    }
    #expect(try decompress([0]) == [])
  }

  private static let copies: [(element: [UInt8], output: String)] = [
    // One byte of offset: 4 to 11 bytes.
    ([0b000_000_01, 8], "abcdefghabcd"), ([0b000_111_01, 8], "abcdefghabcdefghabc"),
    // Two and four bytes of offset: 1 to 64 bytes.
    ([0b000000_10, 8, 0], "abcdefgha"), ([0b000111_10, 4, 0], "abcdefghefghefgh"),
    ([0b000010_11, 8, 0, 0, 0], "abcdefghabc"),
    // Copies that overlap what they write.
    ([0b000111_10, 1, 0], "abcdefghhhhhhhhh"), ([0b000101_10, 2, 0], "abcdefghghghgh"),
  ]

  @Test(arguments: copies)
  func copiesRepeatWhatCameBefore(_ element: [UInt8], _ output: String) throws {
    let block = Self.varint(output.utf8.count) + Self.literal(Self.text) + element
    #expect(try decompress(block) == Array(output.utf8))
  }

  private static let broken: [(block: [UInt8], code: StateError.Code)] = [
    ([], .truncated), ([0x80], .truncated), ([0x80, 0x80], .truncated),
    // A literal that is cut, one that has no length, more and fewer bytes than announced.
    ([8, 0b000111_00] + text[..<7], .truncated), ([8, 60 << 2], .truncated),
    ([8, 63 << 2, 0xFF, 0xFF, 0xFF, 0xFF], .truncated), ([7, 0b000111_00] + text, .malformed),
    ([9, 0b000111_00] + text, .malformed), ([1], .malformed),
    // Copies at distance zero, from before the start, beyond the end, without their offset.
    ([12, 0b000111_00] + text + [0b000_000_01, 0], .malformed),
    ([12, 0b000111_00] + text + [0b000_000_01, 9], .malformed),
    ([12, 0b000_000_01, 1], .malformed),
    ([11, 0b000111_00] + text + [0b000_000_01, 8], .malformed),
    ([12, 0b000111_00] + text + [0b000_000_01], .truncated),
    ([12, 0b000111_00] + text + [0b000011_10, 4], .truncated),
    ([12, 0b000111_00] + text + [0b000011_11, 4, 0, 0], .truncated),
    ([12, 0b000111_00] + text + [0b000011_11, 0xFF, 0xFF, 0xFF, 0xFF], .malformed),
    // A few bytes that claim gigabytes.
    ([0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0, 0], .limitExceeded),
    ([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0], .malformed),
  ]

  @Test(arguments: broken)
  func brokenBlocksAreRefused(_ block: [UInt8], _ code: StateError.Code) throws {
    let error = try stateError { _ = try decompress(block) }
    #expect(error?.code == code)
    #expect(error?.offset ?? 0 >= 1000)
  }

  @Test
  func randomElementsGiveWhatTheyDescribe() throws {
    var random = SeededGenerator(seed: 4)
    for _ in 0..<200 {
      var output: [UInt8] = []
      var elements: [UInt8] = []
      for _ in 0..<Int.random(in: 1...40, using: &random) {
        let distance = Int.random(in: 1...max(output.count, 1), using: &random)
        let count = Int.random(in: 1...64, using: &random)
        if output.isEmpty || Bool.random(using: &random) {
          let bytes = random.bytes(count)
          elements += Self.literal(bytes)
          output += bytes
        } else {
          elements += [UInt8((count - 1) << 2 | 2)] + littleEndian([UInt16(distance)])
          for _ in 0..<count { output.append(output[output.count - distance]) }
        }
      }
      #expect(try decompress(Self.varint(output.count) + elements) == output)
    }
  }

  private static func varint(_ value: Int) -> [UInt8] {
    value < 128
      ? [UInt8(value)] : [UInt8(value & 0x7F | 0x80)] + varint(value >> 7)
  }

  private static func literal(_ bytes: [UInt8]) -> [UInt8] {
    let length = bytes.count - 1
    if length < 60 { return [UInt8(length << 2)] + bytes }
    let extra = length < 1 << 8 ? 1 : length < 1 << 16 ? 2 : 3
    return [UInt8((59 + extra) << 2)] + littleEndian([UInt32(length)])[..<extra] + bytes
  }
}
