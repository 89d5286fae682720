import Foundation
import Tensors
import TestSupport
import Testing

@testable import ByteIO

@Suite("PositionalFile and FileSystem")
struct FileTests {
  @Test
  func missingFileIsNotFound() throws {
    let directory = try TemporaryDirectory()
    let error = try stateError { _ = try PositionalFile.open(directory("nothing")) }
    #expect(error?.code == .notFound)
    #expect(error?.file == directory("nothing"))
  }

  @Test
  func directoryAndPipeAreNoFiles() throws {
    let directory = try TemporaryDirectory()
    #expect(unsafe mkfifo(directory("pipe"), 0o600) == 0)
    #expect(try errorCode { _ = try PositionalFile.open(directory.path) } == .unsupported)
    // Nobody writes to the pipe: opening it must not wait.
    #expect(try errorCode { _ = try PositionalFile.open(directory("pipe")) } == .unsupported)
    #expect(try errorCode { _ = try PositionalFile.open("/dev/null") } == .unsupported)
  }

  @Test
  func rangesAreReadWhereTheyAre() throws {
    let directory = try TemporaryDirectory()
    try writeFile(directory("a"), Array(0..<10))
    let file = try PositionalFile.open(directory("a"))
    #expect(try file.size() == 10)
    for start in 0...10 {
      for end in start...10 {
        #expect(try file.bytes(at: start, count: end - start) == Array(UInt8(start)..<UInt8(end)))
      }
    }
  }

  @Test(arguments: [(0, 11), (5, 6), (10, 1), (11, 1), (1 << 40, 1), (0, 1 << 40)])
  func rangePastTheEndIsTruncated(_ offset: Int, _ count: Int) throws {
    let directory = try TemporaryDirectory()
    try writeFile(directory("a"), Array(0..<10))
    let file = try PositionalFile.open(directory("a"))
    let error = try stateError { _ = try file.bytes(at: offset, count: count) }
    #expect(error?.code == .truncated)
    #expect(error?.file == directory("a"))
    #expect(error?.offset ?? -1 >= offset)
  }

  @Test
  func existingFileIsNotCreated() throws {
    let directory = try TemporaryDirectory()
    try writeFile(directory("a"), [1])
    #expect(try errorCode { _ = try PositionalFile.create(directory("a")) } == .cannotCreate)
    #expect(try errorCode { _ = try PositionalFile.create(directory("no/a")) } == .cannotCreate)
    #expect(
      try errorCode { _ = try PositionalFile.openForWriting(directory("b")) } == .cannotCreate
    )
  }

  private static let paths: [(path: String, directory: String, name: String)] = [
    ("a", ".", "a"), ("a/b", "a", "b"), ("/a", "/", "a"), ("/a/b", "/a", "b"), ("a/b/", "a", "b"),
    ("a//b", "a", "b"), ("/", "/", ""), ("./a", ".", "a"), ("../a", "..", "a"), ("a/", ".", "a"),
    ("", ".", ""), ("ü/名", "ü", "名"),
    // To a string, a slash before a combining mark is another character.
    ("a/\u{301}b", "a", "\u{301}b"), ("/\u{301}b", "/", "\u{301}b"),
    ("a/\u{301}/b/", "a/\u{301}", "b"),
  ]

  @Test(arguments: paths)
  func pathsComeApart(_ path: String, _ directory: String, _ name: String) {
    #expect(FileSystem.directory(of: path) == directory)
    // The root has no name; nobody asks for it.
    if path != "/" { #expect(FileSystem.name(of: path) == name) }
  }

  @Test
  func pathsComeTogether() {
    #expect(FileSystem.path("a", "b") == "a/b")
    #expect(FileSystem.path(".", "b") == "b")
    #expect(FileSystem.path("/", "b") == "/b")
    #expect(FileSystem.path("a/", "b") == "a/b")
    #expect(FileSystem.path("a", "/b") == "/b")
  }

  @Test
  func kindsAreToldApart() throws {
    let directory = try TemporaryDirectory()
    try writeFile(directory("a"), [1])
    #expect(unsafe mkfifo(directory("pipe"), 0o600) == 0)
    #expect(unsafe symlink("a", directory("link")) == 0)
    #expect(unsafe symlink("nothing", directory("broken")) == 0)
    #expect(FileSystem.kind(of: directory("a")) == .file)
    #expect(FileSystem.kind(of: directory("link")) == .file)
    #expect(FileSystem.kind(of: directory.path) == .directory)
    #expect(FileSystem.kind(of: directory("pipe")) == .other)
    #expect(FileSystem.kind(of: directory("broken")) == nil)
    #expect(FileSystem.isSame(directory("a"), directory("link")))
    #expect(!FileSystem.isSame(directory("a"), directory.path))
    #expect(!FileSystem.isSame(directory("nothing"), directory("nothing")))
    #expect(try FileSystem.names(in: directory.path) == ["a", "broken", "link", "pipe"])
    #expect(try errorCode { _ = try FileSystem.names(in: directory("nothing")) } == .notFound)
  }
}

@Suite("PositionalFile sections and reopened files")
struct SectionTests {
  @Test
  func sectionsBeginAtZeroAndEndWhereTheyDo() throws {
    let directory = try TemporaryDirectory()
    try writeFile(directory("a"), Array(0..<10))
    let file = try PositionalFile.open(directory("a"))
    let part = try file.section(2..<7)
    #expect(try part.size() == 5)
    #expect(try part.bytes(at: 1, count: 4) == [3, 4, 5, 6])
    let error = try stateError { _ = try part.bytes(at: 3, count: 3) }
    #expect(error?.code == .truncated)
    let inner = try part.section(1..<3)
    #expect(try inner.bytes(at: 0, count: 2) == [3, 4])
    #expect(inner.origin == 3)
  }

  @Test(arguments: [(-1, 3), (0, 11), (11, 11)])
  func sectionOutsideItsFileIsRefused(_ lower: Int, _ upper: Int) throws {
    let directory = try TemporaryDirectory()
    try writeFile(directory("a"), Array(0..<10))
    let file = try PositionalFile.open(directory("a"))
    #expect(try errorCode { _ = try file.section(lower..<upper) } == .malformed)
    let part = try file.section(0..<5)
    #expect(try errorCode { _ = try part.section(3..<6) } == .malformed)
  }

  @Test
  func moreFilesAreReadThanAreOpen() throws {
    let directory = try TemporaryDirectory()
    let names = (0..<200).map { directory("\($0)") }
    for (index, name) in names.enumerated() { try writeFile(name, [UInt8(index)]) }
    let files = try names.map { try PositionalFile.reopening($0) }
    for (index, file) in files.enumerated() {
      #expect(try file.bytes(at: 0, count: 1) == [UInt8(index)])
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: "/dev/fd").count < 150)
  }

  @Test
  func replacedFileIsNotTakenForTheOldOne() throws {
    let directory = try TemporaryDirectory()
    try writeFile(directory("a"), [1])
    let file = try PositionalFile.reopening(directory("a"))
    try FileSystem.rename(directory("a"), directory("old"))
    try writeFile(directory("a"), [2])
    // Others take its place among the open ones.
    for index in 0..<200 { try writeFile(directory("\(index)"), [0]) }
    let others = try (0..<200).map { try PositionalFile.reopening(directory("\($0)")) }
    #expect(try stateError { _ = try file.bytes(at: 0, count: 1) }?.code == .inputOutput)
    withExtendedLifetime(others) {}
  }
}
