import Dispatch
import Foundation
import Tensors
import TestSupport
import Testing

@testable import ByteIO

@Suite("OutputSet")
struct OutputSetTests {
  @Test
  func filesAppearTogetherAndOnlyOnCommit() throws {
    let directory = try TemporaryDirectory()
    let output = OutputSet(overwrite: false)
    try output.add(directory("a")).write([1, 2], at: 0)
    try output.add(directory("deep/er/b")).write([3], at: 2)
    #expect(try directory.names.allSatisfy { $0.hasPrefix(".") || $0 == "deep" })
    try output.commit()
    #expect(try directory.names == ["a", "deep"])
    #expect(try readFile(directory("a")) == [1, 2])
    #expect(try readFile(directory("deep/er/b")) == [0, 0, 3])
  }

  @Test(arguments: [false, true])
  func droppedSetLeavesNothing(_ overwrite: Bool) throws {
    let directory = try TemporaryDirectory()
    try writeFile(directory("old"), [7])
    do {
      let output = OutputSet(overwrite: overwrite)
      try output.add(directory("a")).write([1, 2], at: 0)
      _ = try output.add(directory("b")) { $0 }
      if overwrite { try output.add(directory("old")).write([8], at: 0) }
    }
    #expect(try directory.names == ["old"])
    #expect(try readFile(directory("old")) == [7])
  }

  @Test
  func directoriesThatWereMadeVanishWithTheSet() throws {
    let directory = try TemporaryDirectory()
    try FileSystem.createDirectory(directory("old"))
    do {
      let output = OutputSet(overwrite: false)
      for name in ["new/deep/a", "new/b", "old/deep/c"] {
        try output.add(directory(name)).write([1], at: 0)
      }
      // What another program has put there stays.
      try FileSystem.createDirectory(directory("kept"))
      try output.add(directory("kept/deep/d")).write([1], at: 0)
      try writeFile(directory("kept/deep/other"), [7])
    }
    #expect(try directory.names == ["kept", "old"])
    #expect(try FileSystem.names(in: directory("old")).isEmpty)
    #expect(try FileSystem.names(in: directory("kept/deep")) == ["other"])
    do { _ = try OutputDirectory(directory("new/er/out"), overwrite: false) }
    #expect(try directory.names == ["kept", "old"])
  }

  @Test
  func existingFileIsReplacedOnlyOnRequest() throws {
    let directory = try TemporaryDirectory()
    try writeFile(directory("a"), [7])
    #expect(try errorCode { _ = try OutputSet(overwrite: false).add(directory("a")) } == .exists)
    #expect(try directory.names == ["a"])
    let output = OutputSet(overwrite: true)
    try output.add(directory("a")).write([1], at: 0)
    #expect(try readFile(directory("a")) == [7])
    try output.commit()
    #expect(try readFile(directory("a")) == [1])
    #expect(try directory.names == ["a"])
  }

  @Test
  func fileThatAppearsMeanwhileIsNotReplaced() throws {
    let directory = try TemporaryDirectory()
    do {
      let output = OutputSet(overwrite: false)
      try output.add(directory("a")).write([1], at: 0)
      try writeFile(directory("a"), [7])
      #expect(try errorCode { try output.commit() } == .exists)
    }
    #expect(try directory.names == ["a"])
    #expect(try readFile(directory("a")) == [7])
  }

  @Test
  func obsoleteFileVanishesOnlyOnCommit() throws {
    let directory = try TemporaryDirectory()
    try writeFile(directory("index"), [7])
    do {
      let dropped = OutputSet(overwrite: true)
      dropped.removeBeforeCommit(directory("index"))
    }
    #expect(try directory.names == ["index"])
    let output = OutputSet(overwrite: true)
    output.removeBeforeCommit(directory("index"))
    output.removeBeforeCommit(directory("was never there"))
    try output.commit()
    #expect(try directory.names.isEmpty)
  }

  @Test(arguments: [false, true])
  func directoryOrPipeIsNoTarget(_ overwrite: Bool) throws {
    let directory = try TemporaryDirectory()
    #expect(unsafe mkfifo(directory("pipe"), 0o600) == 0)
    for path in [directory.path, directory("pipe")] {
      let output = OutputSet(overwrite: overwrite)
      #expect(try errorCode { _ = try output.add(path) } == .cannotCreate)
    }
    #expect(try directory.names == ["pipe"])
  }

  @Test
  func parentThatIsAFileIsNoDirectory() throws {
    let directory = try TemporaryDirectory()
    try writeFile(directory("file"), [1])
    let output = OutputSet(overwrite: true)
    #expect(try errorCode { _ = try output.add(directory("file/a")) } == .cannotCreate)
  }

  @Test
  func leftoversOfDeadProcessesAreRemovedAndOthersKept() throws {
    let directory = try TemporaryDirectory()
    // No system numbers processes this high; the first process always lives.
    let here = TemporaryFiles.origin
    let dead = [
      ".a.h5.\(here).99999999.1.optstate-partial", ".x.\(here).99999998.12.optstate-partial",
    ]
    let kept = [
      ".a.h5.\(here).1.1.optstate-partial", ".a.h5.\(here).\(getpid()).999999.optstate-partial",
      ".other.\(here).99999999.1.partial", ".a.optstate-partial", ".a.b.c.optstate-partial",
      "a.\(here).99999999.1.optstate-partial",
      // Of another container, where the process may be alive.
      ".a.h5.other.99999999.1.optstate-partial",
    ]
    for name in dead + kept { try writeFile(directory(name), [1]) }
    let output = OutputSet(overwrite: false)
    _ = try output.add(directory("new"))
    try output.commit()
    #expect(try directory.names == (kept + ["new"]).sorted())
  }

  @Test
  func leftoversOfOtherMachinesAreRemovedAfterADay() throws {
    let directory = try TemporaryDirectory()
    let name = ".a.h5.other.1.1.optstate-partial"
    try writeFile(directory(name), [1])
    // An old file that a commit has put aside for a moment keeps the time when it was written.
    let old = Date(timeIntervalSinceNow: -25 * 60 * 60)
    try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: directory(name))
    TemporaryFiles.removeStale(in: directory.path)
    #expect(try directory.names == [name])
    TemporaryFiles.removeStale(in: directory.path, now: time(nil) + 25 * 60 * 60)
    #expect(try directory.names.isEmpty)
  }

  @Test(.enabled(if: geteuid() == 0, "only root makes files of somebody else"))
  func leftoversOfOtherUsersAreTheirs() throws {
    let directory = try TemporaryDirectory()
    let name = ".a.h5.\(TemporaryFiles.origin).99999999.1.optstate-partial"
    try writeFile(directory(name), [1])
    #expect(unsafe chown(directory(name), 65534, 65534) == 0)
    TemporaryFiles.removeStale(in: directory.path)
    #expect(try directory.names == [name])
  }

  @Test
  func removalFollowsNoLink() throws {
    let directory = try TemporaryDirectory()
    try FileManager.default.createDirectory(
      atPath: directory("tree/inner"),
      withIntermediateDirectories: true
    )
    try writeFile(directory("precious"), [1])
    try writeFile(directory("tree/inner/file"), [1])
    for link in ["tree/out", "tree/inner/up"] {
      try FileManager.default.createSymbolicLink(
        atPath: directory(link),
        withDestinationPath: directory.path
      )
    }
    FileSystem.removeTree(directory("tree"))
    #expect(try directory.names == ["precious"])
  }

  @Test
  func directoryThatSomebodyKeepsLockedIsAnErrorAndNoWaitForEver() throws {
    let directory = try TemporaryDirectory()
    let lock = try DirectoryLock(directory.path)
    let error = try stateError { _ = try DirectoryLock(directory.path, patience: 0) }
    #expect(error?.code == .cannotCreate)
    #expect(error?.description.contains("locked") == true)
    withExtendedLifetime(lock) {}
  }

  @Test(arguments: [false, true])
  func linkThatLeadsNowhereIsATargetLikeAnyOther(_ overwrite: Bool) throws {
    let directory = try TemporaryDirectory()
    try FileManager.default.createSymbolicLink(
      atPath: directory("link"),
      withDestinationPath: directory("nowhere")
    )
    let output = OutputSet(overwrite: overwrite)
    let code = try errorCode {
      try output.add(directory("link")).write([1], at: 0)
      try output.commit()
    }
    #expect(code == (overwrite ? nil : .exists))
    #expect(try directory.names == ["link"])
  }

  @Test
  func linkIsReplacedAndWhatItPointsToIsNot() throws {
    let directory = try TemporaryDirectory()
    try writeFile(directory("file"), [7])
    try FileManager.default.createSymbolicLink(
      atPath: directory("link"),
      withDestinationPath: directory("file")
    )
    let output = OutputSet(overwrite: true)
    try output.add(directory("link")).write([1], at: 0)
    try output.commit()
    #expect(try readFile(directory("file")) == [7])
    #expect(try readFile(directory("link")) == [1])
  }

  @Test
  func fileOfTheInputIsNoTarget() throws {
    let directory = try TemporaryDirectory()
    try writeFile(directory("input"), [7])
    try writeFile(directory("unopened"), [7])
    try writeFile(directory("other"), [7])
    try FileManager.default.createSymbolicLink(
      atPath: directory("link"),
      withDestinationPath: directory("input")
    )
    let inputs = InputTrace()
    try inputs.record {
      _ = try PositionalFile.open(directory("link"))
      InputTrace.note(directory("unopened"))
    }
    _ = try PositionalFile.open(directory("other"))
    try inputs.protect {
      for name in ["input", "link", "unopened"] {
        let output = OutputSet(overwrite: true)
        #expect(try errorCode { _ = try output.add(directory(name)) { $0 } } == .invalidArgument)
      }
      _ = try OutputSet(overwrite: true).add(directory("other")) { $0 }
      _ = try OutputSet(overwrite: true, mayReplaceInputs: true).add(directory("input")) { $0 }
    }
    _ = try OutputSet(overwrite: true).add(directory("input")) { $0 }
  }

  @Test
  func writersOfOneTargetTakeTurns() throws {
    let directory = try TemporaryDirectory()
    // Each writes its own number into both files; mixed files would hold two numbers.
    DispatchQueue.concurrentPerform(iterations: 200) { number in
      let output = OutputSet(overwrite: true)
      for name in ["a", "b"] {
        try? output.add(directory(name)).write([UInt8(number)], at: 0)
      }
      try? output.commit()
    }
    #expect(try readFile(directory("a")) == readFile(directory("b")))
    #expect(try directory.names == ["a", "b"])
  }

  @Test(arguments: [
    String(repeating: "n", count: 255), "e" + String(repeating: "\u{301}", count: 125),
    String(repeating: "名", count: 85),
  ])
  func longestNameOfTheFileSystemCanBeWritten(_ name: String) throws {
    let directory = try TemporaryDirectory()
    let output = OutputSet(overwrite: false)
    try output.add(directory(name)).write([1], at: 0)
    try output.commit()
    #expect(try readFile(directory(name)) == [1])
  }
}
