import ByteIO
import Tensors
import TestSupport
import Testing

@testable import TensorFlowCheckpoint

@Suite("CheckpointList")
struct CheckpointListTests {
  private let folder: TemporaryDirectory

  init() throws {
    folder = try TemporaryDirectory()
  }

  private var list: String {
    get throws { String(decoding: try readFile(folder("checkpoint")), as: UTF8.self) }
  }

  @Test
  func checkpointIsTakenOutAndNamedAgain() throws {
    for name in ["a", "b", "c"] {
      try writeFile(folder(name + ".index"), [])
      try CheckpointList(of: folder(name)).adding().commit(locked: true)
    }
    _ = try CheckpointList(of: folder("c")).remove()
    #expect(try list.hasPrefix("model_checkpoint_path: \"b\"\n"))
    #expect(try !list.contains("\"c\""))
    _ = try CheckpointList(of: folder("a")).remove()
    #expect(
      try list == "model_checkpoint_path: \"b\"\nall_model_checkpoint_paths: \"b\"\n"
    )
    try CheckpointList(of: folder("a")).adding().commit(locked: true)
    #expect(try list.hasPrefix("model_checkpoint_path: \"a\"\n"))
  }

  @Test
  func listOfOneVanishesWithIt() throws {
    try writeFile(folder("a.index"), [])
    try CheckpointList(of: folder("a")).adding().commit(locked: true)
    _ = try CheckpointList(of: folder("a")).remove()
    #expect(try folder.names == ["a.index"])
  }

  @Test
  func checkpointIsKnownByAnyOfItsNames() throws {
    try writeFile(folder("a.index"), [])
    for name in [folder("a"), "./a", "../\(folder.path.split(separator: "/").last ?? "")/a"] {
      try writeFile(
        folder("checkpoint"),
        "model_checkpoint_path: \"\(name)\"\nall_model_checkpoint_paths: \"\(name)\"\n"
      )
      _ = try CheckpointList(of: folder("a")).remove()
      #expect(try folder.names == ["a.index"], "\(name)")
    }
  }

  @Test
  func fileThatIsNoListIsLeftAlone() throws {
    for content in [Array("my notes\n".utf8), [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A]] {
      try writeFile(folder("checkpoint"), content)
      let list = CheckpointList(of: folder("a"))
      #expect(try errorCode { try list.check() } == .cannotCreate)
      #expect(try errorCode { _ = try list.adding() } == .cannotCreate)
    }
    try writeFile(folder("checkpoint"), [])
    try CheckpointList(of: folder("a")).check()
  }

  @Test
  func listThatDoesNotNameTheCheckpointIsLeftAlone() throws {
    try writeFile(folder("a.index"), [])
    let text = "model_checkpoint_path: \"x\"\nlast_preserved_timestamp: 1.5\n"
    try writeFile(folder("checkpoint"), text)
    _ = try CheckpointList(of: folder("a")).remove()
    #expect(try list == text)
  }

  @Test
  func linesMayEndAsOnWindows() throws {
    let file = try CheckpointStateFile(
      Array(
        "model_checkpoint_path: \"b\"\r\nall_model_checkpoint_paths: \"a\"\r\nall_model_checkpoint_paths: \"b\"\r\n"
          .utf8
      )
    )
    #expect(file.latest == "b")
    #expect(file.all == ["a", "b"])
  }
}
