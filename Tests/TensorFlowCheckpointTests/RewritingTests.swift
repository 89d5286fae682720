import Tensors
import TestSupport
import Testing
import TrainingState

@testable import TensorFlowCheckpoint

@Suite("TensorFlowWriter on TensorFlow's own files")
struct RewritingTests {
  /// Not written by TensorFlow's own writer: put together by hand.
  static let compressed = "2.21.0/bundle/snappy"

  @Test(arguments: Fixtures.bundles.filter { $0 != compressed })
  func checkpointReadAndWrittenIsIdenticalInEveryByte(_ name: String) throws {
    let directory = try TemporaryDirectory()
    let source = try directory.copy(checkpoint: Fixtures.tensorFlow(name), as: "source")
    let names = try directory.names
    let state = try TensorFlowReader.read(source)
    try write(state, to: directory("copy"))
    for name in names {
      let copy = "copy" + name.dropFirst("source".count)
      #expect(try readFile(directory(copy)) == (try readFile(directory(name))), "\(name)")
    }
    #expect(try directory.names.count == 2 * names.count + 1)
  }

  /// By the writer of the format that the state came in.
  private func write(_ state: TrainingState, to path: String) throws {
    let hasGraph = state.origin == StateFormat.tensorFlowObject.origin
    let writer: any StateWriter.Type =
      hasGraph ? TensorFlowObjectWriter.self : TensorFlowWriter.self
    try writer.write(state, to: path, options: WriteOptions())
  }

  @Test
  func compressedIndexIsWrittenPlain() throws {
    let directory = try TemporaryDirectory()
    let state = try TensorFlowReader.read(Fixtures.tensorFlow(Self.compressed))
    try TensorFlowWriter.write(state, to: directory("copy"), options: WriteOptions())
    // The same tensors as this one's.
    for suffix in [".index", ".data-00000-of-00001"] {
      #expect(
        try readFile(directory("copy" + suffix))
          == (try readFile(Fixtures.bundle("count-33" + suffix)))
      )
    }
  }

  @Test(arguments: Fixtures.legacy)
  func versionOneBecomesVersionTwo(_ name: String) throws {
    let directory = try TemporaryDirectory()
    let state = try TensorFlowReader.read(Fixtures.tensorFlow(name))
    try TensorFlowWriter.write(state, to: directory("copy"), options: WriteOptions())
    let copy = try TensorFlowReader.read(directory("copy"))
    #expect(copy.allTensors.map(\.name).sorted() == state.allTensors.map(\.name).sorted())
    for tensor in copy.allTensors {
      let original = try #require(state.allTensors.first { $0.name == tensor.name })
      #expect(try tensor.tensor.bytes() == original.tensor.bytes())
    }
  }
}
