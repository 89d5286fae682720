import ByteIO
import Tensors
import TestSupport
import Testing
import TrainingState

@testable import TensorFlowCheckpoint

@Suite("TensorFlowReader on TensorFlow's own files")
struct ReferenceReadingTests {
  @Test
  func allFixturesAreFound() {
    #expect(Fixtures.bundles.count == 54)
  }

  @Test(arguments: Fixtures.bundles + Fixtures.legacy)
  func namesTypesShapesAndBytesAreThoseThatTensorFlowReads(_ name: String) throws {
    let prefix = Fixtures.tensorFlow(name)
    guard let table = try ExpectedTensor.table(of: prefix) else {
      // The name of this checkpoint's one tensor is half a megabyte long.
      #expect(name.hasSuffix("big-key"))
      return
    }
    let tensors = try TensorFlowReader.read(prefix).allTensors
    let sums = try TensorPass.sums(tensors.map { NamedTensor($0.name, $0.tensor) })
    let found = Dictionary(
      uniqueKeysWithValues: zip(tensors, sums).map { tensor, sum in
        (ExactName(tensor.sourceName ?? tensor.name), (tensor: tensor.tensor, sum: sum))
      }
    )
    #expect(found.keys.sorted().map(\.text) == table.map(\.name))
    for expected in table {
      let (tensor, sum) = try #require(found[ExactName(expected.name)])
      #expect(tensor.elementType.rawValue == expected.elementType, "\(expected.name)")
      #expect(tensor.shape.dimensions == expected.dimensions, "\(expected.name)")
      guard let checksum = expected.checksum else { continue }
      #expect(sum.value == checksum, "\(expected.name)")
      // Sliced and V1 tensors have no sum of their own on record.
      #expect(tensor.checksum == nil || tensor.checksum == checksum, "\(expected.name)")
    }
  }

  @Test
  func keyOfTwiceTheBlockSizeIsRead() throws {
    let tensors = try TensorFlowReader.read(Fixtures.bundle("big-key")).allTensors
    #expect(tensors.map(\.name.utf8.count).max() ?? 0 > 500_000)
    for tensor in tensors {
      #expect(
        try TensorPass.sums([NamedTensor("t", tensor.tensor)])[0].value == tensor.tensor.checksum
      )
    }
  }

  @Test(arguments: [
    "model.ckpt-20", "model.ckpt-20.index", "model.ckpt-20.data-00000-of-00001", "checkpoint", "",
  ])
  func everyWayToNameACheckpointLeadsToIt(_ name: String) throws {
    let path = Fixtures.tensorFlow("2.21.0/bert/") + name
    #expect(try TensorFlowReader.recognizes(path))
    let state = try TensorFlowReader.read(path)
    #expect(state.globalStep?.value == 20)
    #expect(state.naming == "google-bert")
    #expect(state.origin.format == "tensorflow")
  }

  @Test(arguments: [
    "2.21.0/bert/rates.tsv", "2.21.0/bert/gradients-10.h5", "2.21.0/bundle", "nothing",
  ])
  func otherPathsAreNotRecognized(_ name: String) throws {
    #expect(try !TensorFlowReader.recognizes(Fixtures.tensorFlow(name)))
  }

  @Test
  func objectGraphMarksItsFormatAndIsCarriedAlong() throws {
    let state = try TensorFlowReader.read(Fixtures.bundle("objects/ckpt-1"))
    #expect(state.origin.format == "tensorflow-object")
    #expect(
      state.extras.map(\.name).sorted() == [
        "_CHECKPOINTABLE_OBJECT_GRAPH", "label/.ATTRIBUTES/VARIABLE_VALUE",
        "save_counter/.ATTRIBUTES/VARIABLE_VALUE",
      ]
    )
  }
}
