import ByteIO
import Tensors
import TestSupport
import Testing
import TrainingState

@testable import TensorFlowCheckpoint

@Suite("TensorFlowReader on damaged files")
struct DamageTests {
  private static let bundles = ["count-2", "strings", "variants", "merged"]

  /// Reads a checkpoint whose one file has other bytes: the state, or `nil` for a `StateError`.
  private func read(_ prefix: String, _ file: String, _ bytes: [UInt8]) throws -> Fingerprint? {
    try writeFile(file, bytes)
    do {
      return try Fingerprint(try TensorFlowReader.read(prefix))
    } catch is StateError {
      return nil
    }
  }

  @Test(arguments: bundles)
  func everyFlippedBitOfAnIndexIsNoticedOrOfNoAccount(_ name: String) throws {
    let directory = try TemporaryDirectory()
    let prefix = try directory.copy(checkpoint: Fixtures.bundle(name), as: "x")
    let intact = try readFile(prefix + ".index")
    let state = try Fingerprint(try TensorFlowReader.read(prefix))
    for bit in 0..<8 * intact.count {
      var bytes = intact
      bytes[bit / 8] ^= 1 << (bit % 8)
      let found = try read(prefix, prefix + ".index", bytes)
      #expect(found == nil || found == state, "bit \(bit)")
      // Outside the footer and the empty block before the index block nothing may go unnoticed.
      if bit / 8 < intact.count - 90 { #expect(found == nil, "bit \(bit)") }
    }
  }

  @Test(arguments: bundles + ["mixed"])
  func everyPrefixOfAnIndexIsRejected(_ name: String) throws {
    let directory = try TemporaryDirectory()
    let prefix = try directory.copy(checkpoint: Fixtures.bundle(name), as: "x")
    let intact = try readFile(prefix + ".index")
    for count in 0..<intact.count {
      #expect(try read(prefix, prefix + ".index", Array(intact[..<count])) == nil, "\(count) bytes")
    }
  }

  @Test(arguments: ["count-2", "strings", "variants"])
  func everyFlippedBitAndEveryPrefixOfDataIsNoticed(_ name: String) throws {
    let directory = try TemporaryDirectory()
    let prefix = try directory.copy(checkpoint: Fixtures.bundle(name), as: "x")
    let file = prefix + ".data-00000-of-00001"
    let intact = try readFile(file)
    for bit in 0..<8 * intact.count {
      var bytes = intact
      bytes[bit / 8] ^= 1 << (bit % 8)
      #expect(try read(prefix, file, bytes) == nil, "bit \(bit)")
    }
    for count in 0..<intact.count {
      #expect(try read(prefix, file, Array(intact[..<count])) == nil, "\(count) bytes")
    }
  }

  /// With its checksum made to fit, damage reaches the parsers of entries and records: they may read
  /// something else or refuse, and must survive.
  @Test(arguments: bundles + ["shapes", "partitioned/ck-2"])
  func forgedBlocksAreSurvived(_ name: String) throws {
    let directory = try TemporaryDirectory()
    let prefix = try directory.copy(checkpoint: Fixtures.bundle(name), as: "x")
    let intact = try readFile(prefix + ".index")
    // One data block from the start, then the empty block of 8 + 5 bytes.
    var footer = BlockCursor(Array(intact.suffix(48)), base: 0)
    let size = try footer.length("end of the first block") - 5
    var rejected = 0
    for bit in 0..<8 * size {
      var bytes = intact
      bytes[bit / 8] ^= 1 << (bit % 8)
      let sum = CRC32C.of(bytes[...size]).masked
      bytes.replaceSubrange(size + 1..<size + 5, with: littleEndian([sum]))
      if try read(prefix, prefix + ".index", bytes) == nil { rejected += 1 }
    }
    #expect(rejected > 2 * size)
  }

  @Test(arguments: Fixtures.legacy)
  func everyFlippedBitAndPrefixOfAVersionOneFileIsNoticedOrOfNoAccount(_ name: String) throws {
    let directory = try TemporaryDirectory()
    let file = directory("v1")
    let intact = try readFile(Fixtures.tensorFlow(name))
    try writeFile(file, intact)
    let state = try Fingerprint(try TensorFlowReader.read(file))
    for bit in 0..<8 * intact.count {
      var bytes = intact
      bytes[bit / 8] ^= 1 << (bit % 8)
      let found = try read(file, file, bytes)
      #expect(found == nil || found == state, "bit \(bit)")
    }
    for count in 0..<intact.count {
      #expect(try read(file, file, Array(intact[..<count])) == nil, "\(count) bytes")
    }
  }

  @Test
  func errorNamesFileTensorAndOffset() throws {
    let directory = try TemporaryDirectory()
    let prefix = try directory.copy(checkpoint: Fixtures.bundle("count-2"), as: "x")
    let file = prefix + ".data-00000-of-00001"
    try writeFile(file, Array(try readFile(file).dropLast()))
    let error = try stateError { _ = try TensorFlowReader.read(prefix) }
    #expect(error?.code == .truncated)
    #expect(error?.file == file)
    #expect(error?.tensor != nil)
    #expect(error?.offset == 4)
  }

  @Test
  func missingDataFileIsNamed() throws {
    let directory = try TemporaryDirectory()
    try writeFile(directory("x.index"), try readFile(Fixtures.bundle("count-2.index")))
    let error = try stateError { _ = try TensorFlowReader.read(directory("x")) }
    #expect(error?.code == .malformed)
    #expect(error?.file == directory("x.data-00000-of-00001"))
  }
}
