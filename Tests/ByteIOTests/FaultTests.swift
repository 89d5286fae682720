import Foundation
import Synchronization
import Tensors
import TestSupport
import Testing

@testable import ByteIO

#if DEBUG
/// What the operating system can do to a file, made to happen.
@Suite("Fault")
struct FaultTests {
  private let folder: TemporaryDirectory

  init() throws {
    folder = try TemporaryDirectory()
  }

  @Test(arguments: [1, 3, 1000])
  func shortReadsAreContinued(_ limit: Int) throws {
    var random = SeededGenerator(seed: 1)
    let bytes = random.bytes(2500)
    try writeFile(folder("a"), bytes)
    let read = try Fault.inject(in: folder.path) { operation, _ in
      operation == .read ? .atMost(limit) : nil
    } _: {
      try PositionalFile.open(folder("a")).bytes(at: 0, count: bytes.count)
    }
    #expect(read == bytes)
  }

  @Test(arguments: [1, 3, 1000])
  func shortWritesAreContinued(_ limit: Int) throws {
    var random = SeededGenerator(seed: 2)
    let bytes = random.bytes(2500)
    try Fault.inject(in: folder.path) { operation, _ in
      operation == .write ? .atMost(limit) : nil
    } _: {
      let output = OutputSet(overwrite: false)
      try output.add(folder("a")).write(bytes, at: 0)
      try output.commit()
    }
    #expect(try readFile(folder("a")) == bytes)
  }

  @Test
  func writeThatMovesNothingDoesNotGoOnForEver() throws {
    let error = try Fault.inject(in: folder.path) { operation, _ in
      operation == .write ? .atMost(0) : nil
    } _: {
      try stateError { try OutputSet(overwrite: false).add(folder("a")).write([1], at: 0) }
    }
    #expect(error?.code == .inputOutput)
    #expect(try folder.names.isEmpty)
  }

  @Test
  func interruptedCallsAreRepeated() throws {
    let counts = Mutex<[Fault.Operation: Int]>([:])
    try Fault.inject(in: folder.path) { operation, _ in
      guard [.read, .write, .sync].contains(operation) else { return nil }
      let number = counts.withLock { counts in
        counts[operation, default: 0] += 1
        return counts[operation, default: 0]
      }
      return number.isMultiple(of: 2) ? nil : .error(EINTR)
    } _: {
      let output = OutputSet(overwrite: false)
      try output.add(folder("a")).write([1, 2, 3], at: 0)
      try output.flush()
      #expect(try errorCode { try output.commit() } == nil)
      #expect(try PositionalFile.open(folder("a")).bytes(at: 0, count: 3) == [1, 2, 3])
    }
  }

  @Test(arguments: [
    (Fault.Operation.create, EACCES, StateError.Code.cannotCreate),
    (.create, EROFS, .cannotCreate), (.create, ENOSPC, .cannotCreate),
    (.create, EMFILE, .cannotCreate), (.write, ENOSPC, .inputOutput), (.write, EIO, .inputOutput),
    (.write, EFBIG, .inputOutput), (.write, EDQUOT, .inputOutput), (.sync, EIO, .inputOutput),
    (.sync, ENOSPC, .inputOutput), (.rename, EIO, .cannotCreate), (.rename, ENOENT, .cannotCreate),
    (.rename, EPERM, .cannotCreate),
  ])
  func failureLeavesTheOldFileAndNothingElse(
    _ operation: Fault.Operation,
    _ number: Int32,
    _ code: StateError.Code
  ) throws {
    try writeFile(folder("a"), [7])
    let error = try Fault.inject(in: folder.path) { asked, _ in
      asked == operation ? .error(number) : nil
    } _: {
      try stateError {
        let output = OutputSet(overwrite: true)
        try output.add(folder("a")).write([1], at: 0)
        try output.commit()
      }
    }
    #expect(error?.code == code)
    #expect(error?.message.contains(unsafe String(cString: strerror(number))) == true)
    #expect(error?.file?.hasPrefix(folder.path) == true)
    #expect(try folder.names == ["a"])
    #expect(try readFile(folder("a")) == [7])
  }

  @Test(arguments: [false, true], 0..<3)
  func failedRenameOfOneFilePutsAllBack(_ hasOld: Bool, _ failing: Int) throws {
    let names = ["a", "b", "c"]
    if hasOld { for name in names { try writeFile(folder(name), [7]) } }
    try writeFile(folder("index"), [7])
    let renames = Counter()
    let code = try Fault.inject(in: folder.path) { operation, path in
      let isAppearing = operation == .rename && names.contains { path.hasSuffix("/\($0)") }
      return isAppearing && renames.next() == failing ? .error(EIO) : nil
    } _: {
      try errorCode {
        let output = OutputSet(overwrite: true)
        output.removeBeforeCommit(folder("index"))
        for name in names { try output.add(folder(name)).write([1], at: 0) }
        try output.commit()
      }
    }
    #expect(code == .cannotCreate)
    #expect(try folder.names == (hasOld ? names + ["index"] : ["index"]))
    for name in try folder.names { #expect(try readFile(folder(name)) == [7]) }
  }

  @Test
  func oldIndexStaysAwayWhereItsDataIsGone() throws {
    for name in ["data", "index"] { try writeFile(folder(name), [7]) }
    let renames = Counter()
    let code = try Fault.inject(in: folder.path) { operation, path in
      // A file system without links, and a rename that fails behind one that did not.
      if operation == .link { return .error(EPERM) }
      return operation == .rename && path.hasSuffix("/index") && renames.next() == 0
        ? .error(EIO) : nil
    } _: {
      try errorCode {
        let output = OutputSet(overwrite: true)
        output.removeBeforeCommit(folder("index"))
        for name in ["data", "index"] { try output.add(folder(name)).write([1], at: 0) }
        try output.commit()
      }
    }
    #expect(code == .cannotCreate)
    #expect(try folder.names == ["data"])
    #expect(try readFile(folder("data")) == [1])
  }

  @Test(arguments: [EIO, ESTALE, EISDIR])
  func failedReadNamesFileAndOffset(_ number: Int32) throws {
    try writeFile(folder("a"), [UInt8](repeating: 1, count: 100))
    let error = try Fault.inject(in: folder.path) { operation, _ in
      operation == .read ? .error(number) : nil
    } _: {
      try stateError { _ = try PositionalFile.open(folder("a")).bytes(at: 40, count: 8) }
    }
    #expect(error?.code == .inputOutput)
    #expect(error?.file == folder("a"))
    #expect(error?.offset == 40)
  }

  @Test(arguments: [
    (ENOENT, StateError.Code.notFound), (EACCES, .inputOutput), (EMFILE, .inputOutput),
  ])
  func failedOpenIsToldApart(_ number: Int32, _ code: StateError.Code) throws {
    try writeFile(folder("a"), [1])
    let found = try Fault.inject(in: folder.path) { operation, _ in
      operation == .open ? .error(number) : nil
    } _: {
      try errorCode { _ = try PositionalFile.open(folder("a")) }
    }
    #expect(found == code)
  }

  @Test
  func directoryThatVanishesIsReported() throws {
    let output = OutputSet(overwrite: false)
    try output.add(folder("sub/a")).write([1], at: 0)
    try FileManager.default.removeItem(atPath: folder("sub"))
    #expect(try errorCode { try output.commit() } == .cannotCreate)
    #expect(try folder.names.isEmpty)
  }

  @Test
  func failedSyncOfTheDirectoryReachesTheCaller() throws {
    let error = try Fault.inject(in: folder.path) { operation, path in
      operation == .sync && path == folder.path ? .error(EIO) : nil
    } _: {
      try stateError {
        let output = OutputSet(overwrite: false)
        try output.add(folder("a")).write([1], at: 0)
        try output.commit()
      }
    }
    #expect(error?.code == .inputOutput)
    #expect(error?.file == folder.path)
  }

  @Test
  func passOverATensorReportsAFailedWrite() throws {
    let tensors = try (0..<4).map { NamedTensor("t\($0)", try floats([1, 2, 3, Float($0)])) }
    let file = try PositionalFile.create(folder("a"))
    let code = try Fault.inject(in: folder.path) { operation, _ in
      operation == .write ? .error(ENOSPC) : nil
    } _: {
      try errorCode {
        _ = try TensorPass.copy(
          tensors.enumerated().map { TensorPass.Placement($1, file: file, offset: 1 << 21 * $0) }
        )
      }
    }
    #expect(code == .inputOutput)
  }
}
#endif
