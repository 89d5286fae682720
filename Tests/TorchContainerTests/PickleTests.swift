import ByteIO
import TestSupport
import Tensors
import Testing

@testable import TorchContainer

@Suite("PickleReader and PickleWriter")
struct PickleTests {
  /// A pickle of None in a frame of three bytes.
  @Test(arguments: [(UInt64(0), true), (3, true), (4, false), (1 << 63, false), (.max, false)])
  func frameEndsInsideOfThePickle(_ length: UInt64, _ isSound: Bool) throws {
    let size = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
    let bytes: [UInt8] = [0x80, 4, 0x95] + size + [0x4E, 0x2E, 0]
    let code = try errorCode {
      var reader = PickleReader(BlockCursor(bytes, base: 0), allowing: .torch)
      _ = try reader.read()
    }
    #expect(code == (isSound ? nil : .truncated))
  }

  /// A pickle that names a class and nothing else.
  private static let mention: [UInt8] =
    [0x80, 2, 0x63] + Array("argparse\nNamespace\n".utf8) + [0x2E]

  @Test
  func aFormatSaysWhichNamesMayBeMentioned() throws {
    func code(_ globals: PickleGlobals) throws -> StateError.Code? {
      try errorCode {
        var reader = PickleReader(BlockCursor(Self.mention, base: 0), allowing: globals)
        _ = try reader.read()
      }
    }
    #expect(try code(.torch) == nil)
    #expect(try code(PickleGlobals([:])) == .unsupported)
    #expect(try code(PickleGlobals(["argparse": ["Namespace": .constant]])) == nil)
    #expect(try code(PickleGlobals(["argparse": ["Action": .constant]])) == .unsupported)
  }

  private static func decode(_ operations: [UInt8], protocol version: UInt8 = 2) throws
    -> PickleValue
  {
    var reader = PickleReader(
      BlockCursor([0x80, version] + operations + [0x2E], base: 0),
      allowing: .torch
    )
    return try reader.read().value
  }

  /// What CPython writes of `l = []; l.append(l)`, of `t = (1, []); t[1].append(t)` and of `d = {}; d["d"] = d`.
  private static let cycles: [[UInt8]] = [
    [0x5D, 0x71, 0, 0x68, 0, 0x61],
    [
      0x4B, 1, 0x5D, 0x71, 0, 0x4B, 1, 0x68, 0, 0x86, 0x71, 1, 0x61, 0x30, 0x30, 0x68, 1,
    ],
    [0x7D, 0x71, 0, 0x58, 1, 0, 0, 0, 0x64, 0x71, 1, 0x68, 0, 0x73],
  ]

  @Test(arguments: cycles)
  func whatHoldsItselfComesBackAsItWas(_ operations: [UInt8]) throws {
    let value = try Self.decode(operations)
    #expect(PickleWriter.encode(value) == [0x80, 2] + operations + [0x2E])
    var count = 0
    PickleTree.forEach(value) { object in
      if case .back(let back) = object.content {
        count += 1
        #expect(back.target != nil)
      }
    }
    #expect(count == 1)
  }

  /// `[7, 8, 9]`, each remembered by a number before it is asked for again.
  @Test(arguments: [[UInt8(0), 1, 2], [2, 1, 0], [1, 0, 2], [200, 0, 7], [1, 2, 0]])
  func whatIsRememberedIsFoundByItsNumber(_ numbers: [UInt8]) throws {
    var operations: [UInt8] = [0x28]
    for (number, value) in zip(numbers, [UInt8(7), 8, 9]) {
      operations += [0x4B, value, 0x71, number]
    }
    operations += [0x74, 0x28]
    for number in numbers { operations += [0x68, number] }
    let value = try Self.decode(operations + [0x74, 0x86])
    #expect(value.elements?.count == 2)
    for tuple in value.elements ?? [] { #expect(tuple.elements?.map(\.int) == [7, 8, 9]) }
  }

  /// Number 0 is taken by another value afterwards.
  @Test
  func whatIsRememberedLastCounts() throws {
    let value = try Self.decode([0x4B, 1, 0x71, 0, 0x4B, 2, 0x71, 0, 0x68, 0, 0x87])
    #expect(value.elements?.map(\.int) == [1, 2, 2])
  }

  /// Dictionaries of one size, their items put in at once or one by one, the last key new or one of the others.
  @Test(arguments: [2, 7, 8, 9, 20], [false, true])
  func noDictionaryHasAKeyTwice(_ count: Int, _ isAtOnce: Bool) throws {
    func operations(last: UInt8) -> [UInt8] {
      var items = (0..<UInt8(count - 1)).map { [0x4B, $0, 0x4E] }
      items.append([0x4B, last, 0x4E])
      return [0x7D]
        + (isAtOnce ? [0x28] + items.joined() + [0x75] : items.flatMap { $0 + [0x73] })
    }
    #expect(try Self.decode(operations(last: 99)).items?.count == count)
    for repeated in [0, UInt8(count - 2)] {
      #expect(try errorCode { _ = try Self.decode(operations(last: repeated)) } == .malformed)
    }
  }

  @Test
  func treesMadeInsideOutAreNoDeeperThanOthers() throws {
    // A list is put into a list that is itself inside another, over and over.
    func chain(_ count: Int) -> [UInt8] {
      var operations: [UInt8] = [0x5D, 0x71, 0]
      for _ in 0..<count { operations += [0x5D, 0x71, 1, 0x61, 0x30, 0x68, 1] }
      return operations
    }
    // What nothing leads to is forgotten without going down into it.
    let inner = try Self.decode(chain(200_000))
    #expect(inner.elements?.isEmpty == true)
    #expect(
      try errorCode { _ = try Self.decode(chain(200_000) + [0x30, 0x68, 0]) } == .limitExceeded
    )
    #expect(try Self.decode(chain(200) + [0x30, 0x68, 0]).elements?.count == 1)
  }

  @Test
  func anArrayOfBytesIsOneOfOlderProtocols() throws {
    let value = try Self.decode([0x96, 3, 0, 0, 0, 0, 0, 0, 0, 0x61, 0, 0xFF], protocol: 5)
    guard case .call(let call)? = value.object?.content else {
      Issue.record("no call")
      return
    }
    #expect(call.name == "bytearray" && call.arguments.elements?[0].text == "a\0\u{FF}")
    let code = try errorCode { _ = try Self.decode([0x96] + [UInt8](repeating: 0xFF, count: 8)) }
    #expect(code == .truncated)
  }
}
