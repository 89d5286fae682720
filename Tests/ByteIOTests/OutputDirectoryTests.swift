import Foundation
import Tensors
import TestSupport
import Testing

@testable import ByteIO

@Suite("OutputDirectory")
struct OutputDirectoryTests {
  private let folder: TemporaryDirectory

  init() throws {
    folder = try TemporaryDirectory()
  }

  private func fill(_ name: String, _ byte: UInt8, overwrite: Bool = true) throws {
    let output = try OutputDirectory(folder(name), overwrite: overwrite)
    try output.add("a").write([byte], at: 0)
    try output.add("below/b").write([byte], at: 0)
    try output.commit()
  }

  private func content(_ name: String) throws -> [[UInt8]] {
    try ["a", "below/b"].map { try readFile(folder("\(name)/\($0)")) }
  }

  @Test
  func directoryAppearsWholeAndOnlyOnCommit() throws {
    let output = try OutputDirectory(folder("d"), overwrite: false)
    try output.add("a").write([1], at: 0)
    #expect(try folder.names.allSatisfy { $0.hasPrefix(".") })
    try output.commit()
    #expect(try folder.names == ["d"])
    #expect(try readFile(folder("d/a")) == [1])
  }

  @Test
  func oldDirectoryIsReplacedWithAllThatIsInIt() throws {
    try fill("d", 1)
    try writeFile(folder("d/stray"), [9])
    try fill("d", 2)
    #expect(try content("d") == [[2], [2]])
    #expect(try folder.names == ["d"])
    #expect(!FileManager.default.fileExists(atPath: folder("d/stray")))
  }

  @Test
  func directoryWithFilesIsReplacedOnlyOnRequest() throws {
    try fill("d", 1)
    #expect(try errorCode { try fill("d", 2, overwrite: false) } == .exists)
    #expect(try content("d") == [[1], [1]])
  }

  @Test
  func directoryThatAppearsMeanwhileIsNotReplaced() throws {
    let output = try OutputDirectory(folder("d"), overwrite: false)
    try output.add("a").write([2], at: 0)
    try fill("d", 1)
    #expect(try errorCode { try output.commit() } == .exists)
    #expect(try content("d") == [[1], [1]])
  }

  @Test(arguments: ["../a", "/a", "x/../../a", ""])
  func nameThatLeadsOutIsRefused(_ name: String) throws {
    let output = try OutputDirectory(folder("d"), overwrite: false)
    #expect(try errorCode { _ = try output.add(name) } == .unsupported)
  }

  @Test
  func directoryThatHoldsAnInputIsNoTarget() throws {
    try fill("d", 1)
    let inputs = InputTrace()
    try inputs.record { _ = try PositionalFile.open(folder("d/below/b")) }
    let code = try inputs.protect { try errorCode { try fill("d", 2) } }
    #expect(code == .invalidArgument)
    #expect(try content("d") == [[1], [1]])
  }

  @Test
  func linkIsReplacedAndWhatItLeadsToIsNot() throws {
    try fill("real", 1)
    try FileManager.default.createSymbolicLink(
      atPath: folder("d"),
      withDestinationPath: folder("real")
    )
    try fill("d", 2)
    #expect(try content("d") == [[2], [2]])
    #expect(try content("real") == [[1], [1]])
    #expect(try folder.names == ["d", "real"])
  }

  #if DEBUG
  @Test(arguments: [EINVAL, ENOSYS, ENOTSUP])
  func fileSystemWithoutExchangeServes(_ number: Int32) throws {
    try fill("d", 1)
    try Fault.inject(in: folder.path) { operation, _ in
      operation == .exchange ? .error(number) : nil
    } _: {
      try fill("d", 2)
    }
    #expect(try content("d") == [[2], [2]])
    #expect(try folder.names == ["d"])
  }

  @Test(arguments: 0..<3)
  func withoutExchangeAFailedRenameLosesNothing(_ failing: Int) throws {
    try fill("d", 1)
    let renames = Counter()
    let code = try Fault.inject(in: folder.path) { operation, _ in
      if operation == .exchange { return .error(EINVAL) }
      return operation == .rename && renames.next() == failing ? .error(EIO) : nil
    } _: {
      try errorCode { try fill("d", 2) }
    }
    #expect(code == .cannotCreate)
    // The third one only clears away what has been replaced already.
    #expect(try content("d") == (failing < 2 ? [[1], [1]] : [[2], [2]]))
    #expect(try folder.names.allSatisfy { !$0.hasSuffix(".optstate-partial") })
  }

  @Test(arguments: [false, true])
  func whatAKilledProcessLeftAsideIsPutInOrder(_ hasNew: Bool) throws {
    try fill("d", 1)
    // No system numbers processes this high.
    let aside = "d.replaced-by-\(TemporaryFiles.origin)-99999999"
    let foreign = "d.replaced-by-other-99999999"
    try FileManager.default.moveItem(atPath: folder("d"), toPath: folder(aside))
    try FileManager.default.copyItem(atPath: folder(aside), toPath: folder(foreign))
    if hasNew { try FileManager.default.copyItem(atPath: folder(aside), toPath: folder("d")) }
    #expect(try errorCode { try fill("d", 2, overwrite: false) } == .exists)
    #expect(try content("d") == [[1], [1]])
    // Another machine's process may be alive.
    #expect(try folder.names == ["d", foreign])
  }

  @Test
  func failedExchangeLeavesTheOldDirectoryAndNothingElse() throws {
    try fill("d", 1)
    let code = try Fault.inject(in: folder.path) { operation, _ in
      operation == .exchange ? .error(EIO) : nil
    } _: {
      try errorCode { try fill("d", 2) }
    }
    #expect(code == .cannotCreate)
    #expect(try content("d") == [[1], [1]])
    #expect(try folder.names == ["d"])
  }
  #endif

  @Test
  func writersOfOneTargetTakeTurns() throws {
    DispatchQueue.concurrentPerform(iterations: 60) { number in
      try? fill("d", UInt8(number))
    }
    let found = try content("d")
    #expect(found[0] == found[1])
    #expect(try folder.names == ["d"])
  }
}
