import ByteIO
import Tensors
import TestSupport
import Testing

@testable import TensorFlowCheckpoint

@Suite("TableWriter and TableReader")
struct TableTests {
  /// The keys of a table's index block, which has no shared prefixes.
  private func indexKeys(_ table: [UInt8]) throws -> [[UInt8]] {
    var footer = BlockCursor(Array(table.suffix(48)), base: 0)
    _ = try (footer.length("meta"), footer.length("meta"))
    let (offset, size) = (try footer.length("offset"), try footer.length("size"))
    let block = Array(table[offset..<offset + size])
    let count = Int(block[size - 4]) | Int(block[size - 3]) << 8
    var entries = BlockCursor(Array(block.dropLast(4 + 4 * count)), base: 0)
    var keys: [[UInt8]] = []
    while entries.remaining > 0 {
      #expect(try entries.length("shared") == 0)
      let (key, value) = (try entries.length("key"), try entries.length("value"))
      keys.append(Array(try entries.take(key, "key")))
      _ = try entries.take(value, "value")
    }
    #expect(count == max(keys.count, 1))
    return keys
  }

  @Test(arguments: [
    ("abc", "abz", "abd"), ("abc", "abd", "abc"), ("abc", "abe", "abd"), ("ab", "abc", "ab"),
    ("abcdef", "x", "b"), ("a", "b", "a"), ("a9", "c", "b"),
  ])
  func blocksAreToldApartByTheShortestSeparator(_ last: String, _ next: String, _ key: String)
    throws
  {
    var table = TableWriter()
    table.add(Array(last.utf8), [1])
    // An entry of at least twice the block size begins a block of its own.
    table.add(Array(next.utf8), [UInt8](repeating: 0, count: TableFormat.largeEntryBytes))
    #expect(try indexKeys(table.finish()).first == Array(key.utf8))
  }

  @Test(arguments: [
    ([0x77, 0x68], [0x78]), ([0xFF, 0xFF, 0x01, 0x02], [0xFF, 0xFF, 0x02]),
    ([0xFF, 0xFF], [0xFF, 0xFF]),
    ([0xFE], [0xFF]),
  ])
  func lastBlockIsNamedByTheShortestSuccessor(_ last: [UInt8], _ key: [UInt8]) throws {
    var table = TableWriter()
    table.add(last, [])
    #expect(try indexKeys(table.finish()) == [key])
  }

  @Test
  func highBytesLeaveTheSeparatorWhole() throws {
    var table = TableWriter()
    table.add([0x61, 0xFF], [])
    table.add([0x62], [UInt8](repeating: 0, count: TableFormat.largeEntryBytes))
    #expect(try indexKeys(table.finish()) == [[0x61, 0xFF], [0x63]])
  }

  @Test
  func emptyTableHasNoEntries() throws {
    var table = TableWriter()
    #expect(try TableReader(table.finish()).entries().isEmpty)
  }

  @Test
  func everyNumberOfEntriesAroundTheRestartsComesBack() throws {
    for count in 0...66 {
      let keys = (0..<count).map { "layer/\($0 / 7)/tensor/\($0)" }.sorted {
        $0.utf8.lexicographicallyPrecedes($1.utf8)
      }
      var table = TableWriter()
      for key in keys { table.add(Array(key.utf8), Array(key.utf8.reversed())) }
      let entries = try TableReader(table.finish()).entries()
      #expect(entries.map { String(decoding: $0.key, as: UTF8.self) } == keys)
      #expect(entries.allSatisfy { $0.key == $0.value.reversed() })
    }
  }

  @Test
  func entriesOfManyBlocksComeBack() throws {
    var table = TableWriter()
    let value = [UInt8](repeating: 7, count: 900)
    for number in 10_000..<11_000 { table.add(Array("\(number)".utf8), value) }
    let bytes = table.finish()
    #expect(try indexKeys(bytes).count == 4)
    let entries = try TableReader(bytes).entries()
    #expect(
      entries.map { String(decoding: $0.key, as: UTF8.self) } == (10_000..<11_000).map { "\($0)" }
    )
    #expect(entries.allSatisfy { Array($0.value) == value })
  }

  @Test
  func everythingShorterThanAFooterIsTruncated() throws {
    for count in 0..<48 {
      let error = try stateError {
        _ = try TableReader([UInt8](repeating: 0, count: count)).entries()
      }
      #expect(error?.code == .truncated)
      #expect(error?.offset == 0)
    }
  }
}
