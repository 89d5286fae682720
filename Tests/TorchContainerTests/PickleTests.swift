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
}
