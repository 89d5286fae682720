import ByteIO
import OptimizerCore
import TestSupport
import Tensors
import Testing
import TorchContainer
import TrainingState

@testable import DistributedCheckpoint

@Suite("Distributed checkpoints")
struct DistributedTests {
  private func written(_ ranks: Int, in directory: TemporaryDirectory) throws -> String {
    let path = directory("out\(ranks)")
    try DistributedWriter.write(
      try UnevenState.make(),
      to: path,
      options: WriteOptions(ranks: ranks)
    )
    return path
  }

  @Test(arguments: [1, 2, 3, 8])
  func everyCutHoldsTheSame(_ ranks: Int) throws {
    let directory = try TemporaryDirectory()
    let found = try DistributedReader.read(try written(ranks, in: directory))
    #expect(try UnevenState.bytes(of: found) == (try UnevenState.bytes(of: try UnevenState.make())))
    #expect(found.variables.map(\.step) == [3, 3, 3, nil])
    #expect(found.optimizer?.groups.map(\.members) == [["a.weight"], ["a.bias", "scale"]])
  }

  @Test
  func missingAndShortFilesAreNamedWithTheirRank() throws {
    let directory = try TemporaryDirectory()
    let path = try written(3, in: directory)
    let shard = path + "/__1_0.distcp"
    let whole = try readFile(shard)
    try writeFile(shard, Array(whole.dropLast()))
    let short = try stateError { _ = try DistributedReader.read(path) }
    #expect(short?.code == .truncated)
    #expect(short?.message.contains("rank 1") == true)
    #expect(short?.offset == whole.count - 1)
    try FileSystem.remove(shard)
    let missing = try stateError { _ = try DistributedReader.read(path) }
    #expect(missing?.code == .notFound)
    #expect(missing?.file == shard)
    #expect(missing?.message.contains("a.weight") == true)
  }

  @Test
  func shardOfAnotherCutIsRefused() throws {
    let directory = try TemporaryDirectory()
    let path = try written(3, in: directory)
    // Chunks of the same shape would be another's without anybody's seeing it; these are shorter.
    let other = try written(5, in: directory)
    try writeFile(path + "/__1_0.distcp", try readFile(other + "/__1_0.distcp"))
    #expect(
      try stateError {
        let found = try DistributedReader.read(path)
        _ = try UnevenState.bytes(of: found)
      }?.code.concernsData == true
    )
  }

  /// Every byte of the metadata changed, a few ways each: an error that concerns the data, or a state.
  @Test
  func changedBytesOfTheMetadataNeverTrap() throws {
    let directory = try TemporaryDirectory()
    let path = try written(2, in: directory) + "/.metadata"
    let sound = try readFile(path)
    for place in stride(from: 0, to: sound.count, by: 3) {
      for change: UInt8 in [0x01, 0x80, 0xFF] {
        var forged = sound
        forged[place] ^= change
        let code = try errorCode { _ = try MetadataFile(forged) }
        #expect(code?.concernsData != false, "byte \(place)")
      }
    }
    for length in stride(from: 0, to: sound.count, by: 7) {
      #expect(try errorCode { _ = try MetadataFile(Array(sound[..<length])) } != nil)
    }
  }

  private func metadata(
    file: String = "f",
    offset: PickleValue = .int(0),
    length: PickleValue = .int(8),
    sizes: [Int64] = [2],
    chunks: [([Int64], [Int64])] = [([0], [2])],
    transforms: PickleValue? = nil,
    module: String = PickleGlobals.metadataModule,
    plan: String? = nil
  ) -> [UInt8] {
    let nodes = TorchNodes()
    func object(_ name: String, _ state: PickleValue, _ module: String) -> PickleValue {
      let call = PickleCall(
        module: module,
        name: name,
        callable: nodes.global(module, name),
        arguments: .tuple([]),
        state: state,
        isNew: true
      )
      return .object(PickleObject(.call(call)))
    }
    func tuple(_ numbers: [Int64]) -> PickleValue { .tuple(numbers.map { .int($0) }) }
    let parts = chunks.map { offsets, sizes in
      object(
        "ChunkStorageMetadata",
        nodes.dictionary([("offsets", tuple(offsets)), ("sizes", tuple(sizes))]),
        PickleGlobals.metadataModule
      )
    }
    let properties = object(
      "TensorProperties",
      .tuple([nodes.global("torch", "float32")]),
      PickleGlobals.metadataModule
    )
    let tensor = object(
      "TensorStorageMetadata",
      nodes.dictionary([
        ("properties", properties), ("size", tuple(sizes)), ("chunks", .list(parts)),
      ]),
      PickleGlobals.metadataModule
    )
    let storage = chunks.map { offsets, _ -> PickleItem in
      var info: [(String, PickleValue)] = [
        ("relative_path", nodes.text(file)), ("offset", offset), ("length", length),
      ]
      if let transforms { info.append(("transform_descriptors", transforms)) }
      return (
        object(
          "MetadataIndex",
          nodes.dictionary([("fqn", nodes.text("t")), ("offset", tuple(offsets))]),
          PickleGlobals.metadataModule
        ),
        object(
          "_StorageInfo",
          nodes.dictionary(info),
          "torch.distributed.checkpoint.filesystem"
        )
      )
    }
    var fields: [(String, PickleValue)] = [
      ("state_dict_metadata", .dictionary([(nodes.text("t"), tensor)])),
      ("storage_data", .dictionary(storage)),
    ]
    if let plan {
      let made = object(plan, nodes.dictionary([("items", .list([]))]), PickleGlobals.plannerModule)
      fields.append(("all_local_plans", .list([made])))
    }
    let root = object("Metadata", nodes.dictionary(fields), module)
    return PickleWriter.encode(root)
  }

  @Test
  func soundMetadataAreRead() throws {
    #expect(try MetadataFile(metadata()).items.map(\.name) == ["t"])
  }

  /// Megatron-Core keeps the plans of its saves in the metadata.
  @Test
  func plansBesideTheMetadataAreNoConcern() throws {
    #expect(try MetadataFile(metadata(plan: "SavePlan")).items.map(\.name) == ["t"])
    #expect(try errorCode { _ = try MetadataFile(metadata(plan: "LoadPlanner")) } == .unsupported)
  }

  @Test
  func forgedMetadataAreRefused() throws {
    let forged: [[UInt8]] = [
      metadata(file: "../f"), metadata(file: "/f"), metadata(file: ""), metadata(file: "a/../f"),
      metadata(offset: .int(-1)), metadata(length: .int(-1)),
      metadata(offset: .int(.max), length: .int(1)), metadata(offset: .none),
      metadata(sizes: [-1]), metadata(sizes: [.max, .max], chunks: []),
      metadata(chunks: [([1], [2])]), metadata(chunks: [([-1], [2])]),
      metadata(chunks: [([0, 0], [1, 2])]),
      metadata(transforms: .list([.string("zstd")])), metadata(module: "os"),
    ]
    for (index, bytes) in forged.enumerated() {
      let code = try errorCode { _ = try MetadataFile(bytes) }
      #expect(code?.concernsData == true, "\(index)")
    }
  }

  @Test
  func chunksThatOverlapOrLeaveHolesAreRefused() throws {
    let directory = try TemporaryDirectory()
    let cuts: [[([Int64], [Int64])]] = [
      [([0], [1])], [([0], [2]), ([1], [1])], [([1], [1])],
    ]
    for chunks in cuts {
      try writeFile(directory(".metadata"), metadata(chunks: chunks))
      try writeFile(directory("f"), [UInt8](repeating: 0, count: 8))
      #expect(try errorCode { _ = try DistributedReader.read(directory.path) } == .malformed)
    }
  }
}
