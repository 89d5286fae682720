import Tensors
import TestSupport
import Testing
import TrainingState

@testable import TensorFlowCheckpoint

@Suite("CheckpointStateFile")
struct CheckpointStateFileTests {
  private func read(_ text: String) throws -> CheckpointStateFile {
    let directory = try TemporaryDirectory()
    try writeFile(directory("checkpoint"), text)
    return try CheckpointStateFile.read(directory("checkpoint"))
  }

  @Test
  func latestAndAllArePathsInOrder() throws {
    let path = Fixtures.tensorFlow("2.21.0/bert/checkpoint")
    let file = try CheckpointStateFile.read(path)
    #expect(file.latest == "model.ckpt-20")
    #expect(file.all == ["model.ckpt-5", "model.ckpt-10", "model.ckpt-20"])
    #expect(file.text == String(decoding: try readFile(path), as: UTF8.self))
  }

  @Test
  func timestampsAreKeptUntilAPathIsAdded() throws {
    let path = Fixtures.bundle("objects/checkpoint")
    let file = try CheckpointStateFile.read(path)
    #expect(file.text == String(decoding: try readFile(path), as: UTF8.self))
    #expect(!file.adding("ckpt-3").text.contains("timestamp"))
  }

  @Test
  func addedPathIsTheLatestAndOnlyOnceOnRecord() throws {
    let file = try read(
      "model_checkpoint_path: \"b\"\nall_model_checkpoint_paths: \"a\"\nall_model_checkpoint_paths: \"b\"\n"
    )
    #expect(file.adding("a").latest == "a")
    #expect(file.adding("a").all == ["b", "a"])
    #expect(file.adding("c").all == ["a", "b", "c"])
  }

  @Test(arguments: [
    "plain", "with space", "quo\"te", "back\\slash", "/abs/model.ckpt-1", "übung", "名前", "a'b",
  ])
  func everyPathSurvivesQuoting(_ path: String) throws {
    let text = CheckpointStateFile().adding(path).text
    #expect(text.utf8.allSatisfy { $0 < 0x80 })
    #expect(try read(text).latest == path)
  }

  @Test(arguments: [
    (#"model_checkpoint_path: "\303\274""#, "ü"), (#"model_checkpoint_path:"x""#, "x"),
    ("model_checkpoint_path: 'single'", "single"), (#"model_checkpoint_path: "a" # note"#, "a"),
  ])
  func spellingsOfTextFormatAreUnderstood(_ line: String, _ path: String) throws {
    #expect(try read(line).latest == path)
  }

  @Test(arguments: [
    #"model_checkpoint_path: "open"#, "model_checkpoint_path: bare", "model_checkpoint_path",
    "model_checkpoint_path:", #"model_checkpoint_path: "\000""#, #"model_checkpoint_path: "\377""#,
    #"all_model_checkpoint_paths: "open"#, #"model_checkpoint_path: "a\"#,
  ])
  func pathThatIsNoQuotedTextIsRejected(_ line: String) throws {
    #expect(try errorCode { _ = try read(line) } == .malformed)
  }

  @Test(arguments: ["", "\n\n", ":", "other: 1\n"])
  func fileWithoutAPathNamesNone(_ text: String) throws {
    #expect(try read(text).latest == nil)
    let directory = try TemporaryDirectory()
    try writeFile(directory("checkpoint"), text)
    #expect(try errorCode { _ = try TensorFlowReader.recognizes(directory.path) } == .malformed)
  }

  @Test
  func fileThatWasMovedIsLookedUpBesideItself() throws {
    let directory = try TemporaryDirectory()
    let prefix = try directory.copy(checkpoint: Fixtures.bundle("count-1"), as: "model.ckpt-1")
    try writeFile(directory("checkpoint"), "model_checkpoint_path: \"/elsewhere/model.ckpt-1\"\n")
    #expect(try TensorFlowReader.read(directory.path).variables.count == 1)
    #expect(prefix.hasSuffix("model.ckpt-1"))
  }

  @Test
  func writingKeepsTheFileUpToDate() throws {
    let directory = try TemporaryDirectory()
    let state = try TensorFlowReader.read(Fixtures.bundle("count-1"))
    for name in ["model.ckpt-1", "model.ckpt-2"] {
      try TensorFlowWriter.write(state, to: directory(name), options: WriteOptions())
    }
    let file = try CheckpointStateFile.read(directory("checkpoint"))
    #expect(file.latest == "model.ckpt-2")
    #expect(file.all == ["model.ckpt-1", "model.ckpt-2"])
  }

  @Test(arguments: [300, 6_000, 2_000_000])
  func endlessNameIsTheFilesFault(_ count: Int) throws {
    let folder = try TemporaryDirectory()
    let name = String(repeating: "x", count: count)
    try writeFile(folder("checkpoint"), Array("model_checkpoint_path: \"\(name)\"\n".utf8))
    let error = try stateError { _ = try TensorFlowReader.read(folder.path) }
    #expect(error?.code == .malformed)
    let message = error.map { "\($0)" } ?? ""
    #expect(message.contains("File name too long") && message.utf8.count < 16_384)
  }
}
