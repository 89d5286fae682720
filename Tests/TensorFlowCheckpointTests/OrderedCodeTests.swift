import Tensors
import TestSupport
import Testing

@testable import TensorFlowCheckpoint

@Suite("OrderedCode")
struct OrderedCodeTests {
  @Test
  func sliceKeyIsTheOneThatTensorFlowWrites() throws {
    // Rows 100 to 299 of `part` [300, 70]; shared/formats/tensorflow-bundle.md, section 5.
    let key = OrderedCode.sliceKey("part", try [SliceExtent](text: "100,200:-"))
    #expect(
      key == [0x00] + Array("part".utf8) + [0x00, 0x01, 0x01, 0x02]
        + [0xC0, 0x64, 0xC0, 0xC8, 0x80, 0x7F]
    )
  }

  @Test
  func scalarHasRankZero() {
    #expect(OrderedCode.sliceKey("s", []) == [0x00, 0x73, 0x00, 0x01, 0x00])
  }

  @Test
  func zeroBytesOfNamesAreEscaped() {
    #expect(OrderedCode.sliceKey("a\0b", []) == [0x00, 0x61, 0x00, 0xFF, 0x62, 0x00, 0x01, 0x00])
  }

  private static let vectors: [(number: Int, bytes: [UInt8])] = [
    (0, [0x80]), (3, [0x83]), (63, [0xBF]),
    (64, [0xC0, 0x40]), (100, [0xC0, 0x64]), (200, [0xC0, 0xC8]), (8191, [0xDF, 0xFF]),
    (8192, [0xE0, 0x20, 0x00]), (0xF_FFFF, [0xEF, 0xFF, 0xFF]),
    (0x10_0000, [0xF0, 0x10, 0, 0]),
    (0x0800_0000, [0xF8, 0x08, 0, 0, 0]),
    (0x04_0000_0000, [0xFC, 0x04, 0, 0, 0, 0]),
    (0x0200_0000_0000, [0xFE, 0x02, 0, 0, 0, 0, 0]),
    (0x01_0000_0000_0000, [0xFF, 0x01, 0, 0, 0, 0, 0, 0]),
    (0x80_0000_0000_0000, [0xFF, 0x80, 0x80, 0, 0, 0, 0, 0, 0]),
    (0x4000_0000_0000_0000, [0xFF, 0xC0, 0x40, 0, 0, 0, 0, 0, 0, 0]),
    (Int.max, [0xFF, 0xC0, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
  ]

  @Test(arguments: vectors)
  func signedNumbersHaveTheirVectors(_ number: Int, _ expected: [UInt8]) throws {
    let key = OrderedCode.sliceKey("", try [SliceExtent](text: "\(number),1"))
    #expect(key == [0x00, 0x00, 0x01, 0x01, 0x01] + expected + [0x81])
  }

  @Test
  func keysSortAsTheirPartsDo() throws {
    var numbers = [0]
    for bit in 0..<62 { numbers += [1 << bit - 1, 1 << bit, 1 << bit + 1] }
    numbers = Array(Set(numbers)).sorted()
    let keys = try numbers.map { OrderedCode.sliceKey("n", try [SliceExtent](text: "\($0),1")) }
    for (key, next) in zip(keys, keys.dropFirst()) { #expect(key.lexicographicallyPrecedes(next)) }
  }

  @Test(arguments: [
    "1", "1,", ",1", "-1,2", "1,-2", "1,2,3", "x,1", "--", "1,2:", "9223372036854775808,1",
  ])
  func textThatIsNoSliceIsRejected(_ text: String) throws {
    let code = try errorCode { _ = try [SliceExtent](text: text) }
    // A trailing colon adds nothing.
    #expect(code == (text == "1,2:" ? nil : .malformed))
  }
}
