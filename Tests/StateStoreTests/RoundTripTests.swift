import ByteIO
import TensorFlowCheckpoint
import Tensors
import TestSupport
import Testing
import TrainingState

@testable import StateStore

@Suite("Native store between TensorFlow and TensorFlow")
struct RoundTripTests {
  /// All but the one with a compressed index, which our writer does not compress.
  static let prefixes = Fixtures.bundles.filter { $0 != "2.21.0/bundle/snappy" }

  @Test(arguments: prefixes, [nil, 6])
  func checkpointComesBackIdenticalInEveryByte(_ name: String, _ level: Int?) throws {
    let directory = try TemporaryDirectory()
    let source = try directory.copy(checkpoint: Fixtures.tensorFlow(name), as: "source")
    let files = try directory.names
    let state = try TensorFlowReader.read(source)
    let store = directory("store.h5")
    try StateStoreWriter.write(state, to: store, options: WriteOptions(deflateLevel: level))
    let stored = try StateStoreReader.read(store)
    #expect(try Fingerprint(stored) == (try Fingerprint(state)))
    let hasGraph = stored.origin == StateFormat.tensorFlowObject.origin
    let writer: any StateWriter.Type =
      hasGraph ? TensorFlowObjectWriter.self : TensorFlowWriter.self
    try writer.write(stored, to: directory("copy"), options: WriteOptions())
    for file in files {
      let copy = "copy" + file.dropFirst("source".count)
      #expect(try readFile(directory(copy)) == (try readFile(directory(file))), "\(file)")
    }
  }

  @Test(arguments: Fixtures.legacy)
  func versionOneSurvivesTheStore(_ name: String) throws {
    let directory = try TemporaryDirectory()
    let state = try TensorFlowReader.read(Fixtures.tensorFlow(name))
    try StateStoreWriter.write(state, to: directory("s.h5"), options: WriteOptions())
    #expect(
      try Fingerprint(try StateStoreReader.read(directory("s.h5"))) == (try Fingerprint(state))
    )
  }

  @Test(arguments: [nil, 1, 9])
  func sameStateGivesTheSameFile(_ level: Int?) throws {
    let directory = try TemporaryDirectory()
    let state = try TensorFlowReader.read(Fixtures.tensorFlow("2.21.0/bert/model.ckpt-20"))
    for name in ["one.h5", "two.h5"] {
      try StateStoreWriter.write(
        state,
        to: directory(name),
        options: WriteOptions(deflateLevel: level)
      )
    }
    #expect(try readFile(directory("one.h5")) == (try readFile(directory("two.h5"))))
  }

  @Test
  func storeOfAStoreIsTheSameFile() throws {
    let directory = try TemporaryDirectory()
    let state = try TensorFlowReader.read(Fixtures.tensorFlow("2.21.0/bert/model.ckpt-20"))
    try StateStoreWriter.write(state, to: directory("one.h5"), options: WriteOptions())
    let copy = try StateStoreReader.read(directory("one.h5"))
    try StateStoreWriter.write(copy, to: directory("two.h5"), options: WriteOptions())
    #expect(try readFile(directory("one.h5")) == (try readFile(directory("two.h5"))))
  }
}
