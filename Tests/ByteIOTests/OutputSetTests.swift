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
      _ = try output.reserve(directory("b"))
      if overwrite { try output.add(directory("old")).write([8], at: 0) }
    }
    #expect(try directory.names == ["old"])
    #expect(try readFile(directory("old")) == [7])
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
    let dead = [".a.h5.99999999.1.optstate-partial", ".x.99999998.12.optstate-partial"]
    let kept = [
      ".a.h5.1.1.optstate-partial", ".a.h5.\(getpid()).999999.optstate-partial",
      ".other.99999999.1.partial", ".a.optstate-partial", ".a.b.c.optstate-partial",
      "a.99999999.1.optstate-partial",
    ]
    for name in dead + kept { try writeFile(directory(name), [1]) }
    let output = OutputSet(overwrite: false)
    _ = try output.add(directory("new"))
    try output.commit()
    #expect(try directory.names == (kept + ["new"]).sorted())
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
