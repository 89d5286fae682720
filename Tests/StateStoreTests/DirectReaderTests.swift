import OptimizerCore
import StateStore
import TensorFlowCheckpoint
import Tensors
import TestSupport
import Testing
import TrainingState

@testable import HDF5

@Suite("DirectCatalogReader")
struct DirectReaderTests {
  @Test(arguments: ["2.21.0/bert/model.ckpt-20", "2.21.0/bundle/types", "2.21.0/bundle/shapes"])
  func ownFilesAreReadAsLibhdf5ReadsThem(_ checkpoint: String) throws {
    let directory = try TemporaryDirectory()
    var state = try TensorFlowReader.read(Fixtures.tensorFlow(checkpoint))
    state.optimizer = try OptimizerRecord(
      spec: "sgd:learning_rate=0.1,nesterov=true,momentum=0.9,exclude_from_weight_decay=[a;b]"
    )
    state.schedule = try ScheduleRecord(
      spec: "piecewise_constant:boundaries=[1;2],values=[0.1;0.2;0.3]"
    )
    try StateStoreWriter.write(state, to: directory("s.h5"), options: WriteOptions())
    let expected = try HDF5Catalog.readInProcess(directory("s.h5"))
    let direct = try DirectCatalogReader.catalog(of: directory("s.h5"))
    // Complex numbers and what HDF5 stores in other ways are left to libhdf5.
    #expect(direct == expected || direct == nil && checkpoint.hasSuffix("types"))
  }

  @Test(arguments: [2, 8, 9, 31, 32, 33, 200])
  func groupOfAnySizeIsReadTheSameWay(_ count: Int) throws {
    let directory = try TemporaryDirectory()
    let variables = try (0..<count).map { number in
      let tensor = try Tensor(.float32, .vector(1), bytes: [0, 0, 0, UInt8(number % 64)])
      return Variable("layer/\(number)", value: StateTensor("layer/\(number)", tensor))
    }
    let state = TrainingState(variables: variables, origin: Origin(recorded: "optstate"))
    try StateStoreWriter.write(state, to: directory("s.h5"), options: WriteOptions())
    let direct = try DirectCatalogReader.catalog(of: directory("s.h5"))
    #expect(direct == (count <= 32 ? try HDF5Catalog.readInProcess(directory("s.h5")) : nil))
    #expect(try StateStoreReader.read(directory("s.h5")).variables.count == count)
  }

  @Test
  func compressedAndForeignFilesAreLeftToLibhdf5() throws {
    let directory = try TemporaryDirectory()
    let state = try TensorFlowReader.read(Fixtures.tensorFlow("2.21.0/bert/model.ckpt-20"))
    try StateStoreWriter.write(state, to: directory("s.h5"), options: WriteOptions(deflateLevel: 1))
    #expect(try DirectCatalogReader.catalog(of: directory("s.h5")) == nil)
    for attack in Attack.all(of: "native") {
      #expect(try DirectCatalogReader.catalog(of: attack.path) == nil, "\(attack)")
    }
  }

  /// The bytes of a file are read once, however often they are pointed to.
  @Test(arguments: ["texts-same", "continuation-common"])
  func sharedBytesAreLeftToLibhdf5(_ name: String) throws {
    let path = Fixtures.root + "/hostile/hdf5/\(name).h5"
    #expect(try DirectCatalogReader.catalog(of: path) == nil)
  }

  @Test
  func flippedBitOfAHeaderIsLeftToLibhdf5OrOfNoAccount() throws {
    let directory = try TemporaryDirectory()
    let tensor = try Tensor(.float32, .vector(2), bytes: [0, 0, 128, 63, 0, 0, 0, 64])
    let state = TrainingState(
      variables: [Variable("w", value: StateTensor("w", tensor))],
      globalStep: GlobalStep(3),
      origin: Origin(recorded: "x")
    )
    try StateStoreWriter.write(state, to: directory("s.h5"), options: WriteOptions())
    let intact = try readFile(directory("s.h5"))
    let expected = try #require(try DirectCatalogReader.catalog(of: directory("s.h5")))
    var refused = 0
    // A bit of each byte, every bit in turn: all of them would take minutes.
    for bit in stride(from: 0, to: 8 * intact.count, by: 17) {
      var bytes = intact
      bytes[bit / 8] ^= 1 << (bit % 8)
      try writeFile(directory("x.h5"), bytes)
      guard let found = try? DirectCatalogReader.catalog(of: directory("x.h5")) else {
        refused += 1
        continue
      }
      // Texts in the global heap have no sum, here or for libhdf5.
      #expect(found.objects.map(\.path) == expected.objects.map(\.path))
      #expect(found.objects.map(\.dataset) == expected.objects.map(\.dataset))
    }
    #expect(refused > 50)
    for count in stride(from: 0, to: intact.count, by: 97) {
      try writeFile(directory("x.h5"), Array(intact[..<count]))
      #expect(try DirectCatalogReader.catalog(of: directory("x.h5")) == nil, "\(count) bytes")
    }
  }
}
