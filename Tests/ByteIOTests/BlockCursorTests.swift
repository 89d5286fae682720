import ByteIO
import Tensors
import TestSupport
import Testing

@Suite("BlockCursor")
struct BlockCursorTests {
  @Test
  func integersAreLittleEndian() throws {
    var cursor = BlockCursor([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], base: 100)
    #expect(try cursor.integer(UInt8.self, "") == 1)
    #expect(try cursor.integer(UInt16.self, "") == 0x0302)
    #expect(try cursor.integer(UInt32.self, "") == 0x0706_0504)
    #expect(cursor.offset == 107)
    #expect(try cursor.integer(UInt64.self, "") == 0x0F0E_0D0C_0B0A_0908)
    #expect(cursor.remaining == 0)
  }

  @Test
  func fieldThatDoesNotFitIsTruncatedAndTakesNothing() throws {
    for count in 0..<8 {
      var cursor = BlockCursor([UInt8](repeating: 1, count: count), base: 50)
      let error = try stateError { _ = try cursor.integer(UInt64.self, "the field") }
      #expect(error?.code == .truncated)
      #expect(error?.offset == 50)
      #expect(error?.message.hasPrefix("the field") == true)
      #expect(cursor.remaining == count)
    }
  }

  @Test(arguments: [-1, 4, Int.max, Int.min])
  func rangeBeyondTheBlockIsRefused(_ count: Int) throws {
    var cursor = BlockCursor([1, 2, 3], base: 0)
    #expect(try errorCode { _ = try cursor.take(count, "") } == .truncated)
    #expect(try cursor.take(3, "") == [1, 2, 3])
  }

  @Test
  func sliceIsReadFromItsOwnStart() throws {
    let block: [UInt8] = [9, 9, 1, 2, 9]
    var cursor = BlockCursor(block[2..<4], base: 2)
    #expect(cursor.offset == 2)
    #expect(try cursor.integer(UInt16.self, "") == 0x0201)
    #expect(try errorCode { _ = try cursor.take(1, "") } == .truncated)
  }

  private static let varints: [(bytes: [UInt8], value: UInt64)] = [
    ([0x00], 0), ([0x7F], 127), ([0x80, 0x01], 128), ([0xFF, 0x7F], 16383),
    ([0x80, 0x80, 0x01], 16384), ([0x80, 0x00], 0),
    ([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], 1 << 63 - 1),
    ([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], 1 << 63),
    ([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], .max),
  ]

  @Test(arguments: varints)
  func varintsHaveTheirValue(_ bytes: [UInt8], _ value: UInt64) throws {
    var cursor = BlockCursor(bytes + [0x55], base: 0)
    #expect(try cursor.varint("") == value)
    #expect(cursor.remaining == 1)
    for count in 0..<bytes.count {
      var short = BlockCursor(Array(bytes[..<count]), base: 0)
      #expect(try errorCode { _ = try short.varint("") } == .truncated)
    }
  }

  private static let impossible: [[UInt8]] = [
    [UInt8](repeating: 0x80, count: 9) + [0x02], [UInt8](repeating: 0xFF, count: 9) + [0x7F],
    [UInt8](repeating: 0x80, count: 10) + [0x00], [UInt8](repeating: 0xFF, count: 20),
  ]

  @Test(arguments: impossible)
  func varintOfMoreThan64BitsIsMalformed(_ bytes: [UInt8]) throws {
    var cursor = BlockCursor([7] + bytes, base: 10)
    _ = try cursor.take(1, "")
    let error = try stateError { _ = try cursor.varint("") }
    #expect(error?.code == .malformed)
    #expect(error?.offset == 11)
  }

  @Test
  func lengthBeyondIntIsMalformed() throws {
    var cursor = BlockCursor([UInt8](repeating: 0x80, count: 9) + [0x01], base: 0)
    #expect(try errorCode { _ = try cursor.length("") } == .malformed)
  }
}
