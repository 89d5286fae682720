import ByteIO
import JAXCheckpoint
import Tensors
import TestSupport
import Testing
import TrainingState

@Suite
struct OrbaxReaderTests {
  private static let folder = Fixtures.root + "/hostile/orbax/"

  private func state(_ name: String) throws -> TrainingState {
    try OrbaxReader.read(Self.folder + name)
  }

  @Test(arguments: ["control", "control-shards", "control-sum"])
  func tensorsAreViewsOfTheirChunks(_ name: String) throws {
    let state = try state(name)
    #expect(state.globalStep?.value == 3)
    #expect(state.variables.map(\.name) == ["a"])
    #expect(state.variables[0].slots.map(\.name) == [.firstMoment, .secondMoment])
    let value = try #require(state.variables[0].value?.tensor)
    #expect(value.shape.dimensions == [2, 3] && value.elementType == .float32)
    #expect(try value.bytes() == littleEndian((0..<6).map { Float($0).bitPattern }))
  }

  @Test
  func aChunkOfTheEdgeIsCutToTheArray() throws {
    let directory = try TemporaryDirectory()
    try writeFile(
      directory("_METADATA"),
      #"{"tree_metadata": {"a": {"key_metadata": [{"key": "a", "key_type": 2}]}}}"#
    )
    _ = try FileSystem.createDirectory(directory("a"))
    try writeFile(
      directory("a/.zarray"),
      #"{"shape": [3, 3], "chunks": [2, 2], "dtype": ">f4", "compressor": null, "fill_value": 9}"#
    )
    // Each chunk is its own number over and over; one is missing.
    for (number, name) in ["0.0", "0.1", "1.1"].enumerated() {
      let bits = [UInt32](repeating: Float(number).bitPattern.byteSwapped, count: 4)
      try writeFile(directory("a/\(name)"), littleEndian(bits))
    }
    let state = try OrbaxReader.read(directory.path)
    let wanted: [Float] = [0, 0, 1, 0, 0, 1, 9, 9, 2]
    #expect(
      try state.variables[0].value?.tensor.bytes() == littleEndian(wanted.map(\.bitPattern))
    )
  }

  @Test
  func theLatestStepIsMeant() throws {
    let directory = try TemporaryDirectory()
    for name in ["9", "checkpoint_10", "11.orbax-checkpoint-tmp-3", "12", "text_x"] {
      _ = try FileSystem.createDirectory(directory(name + "/default"))
    }
    for (name, shape) in [("9", "1"), ("checkpoint_10", "2"), ("11.orbax-checkpoint-tmp-3", "3")] {
      try writeFile(
        directory(name + "/default/_METADATA"),
        #"{"tree_metadata": {"a": {"key_metadata": [{"key": "a"}]}}}"#
      )
      _ = try FileSystem.createDirectory(directory(name + "/default/a"))
      try writeFile(
        directory(name + "/default/a/.zarray"),
        #"{"shape": [\#(shape)], "chunks": [9], "dtype": "|u1", "compressor": null}"#
      )
    }
    let state = try OrbaxReader.read(directory.path)
    #expect(state.variables[0].value?.tensor.shape.dimensions == [2])
  }

  @Test
  func moreFilesThanAProcessMayOpenAreRead() throws {
    let directory = try TemporaryDirectory()
    let count = 2000
    try writeFile(
      directory("_METADATA"),
      #"{"tree_metadata": {"a": {"key_metadata": [{"key": "a"}]}}}"#
    )
    _ = try FileSystem.createDirectory(directory("a"))
    try writeFile(
      directory("a/.zarray"),
      #"{"shape": [\#(count)], "chunks": [1], "dtype": "|u1", "compressor": null}"#
    )
    for number in 0..<count {
      try writeFile(directory("a/\(number)"), [UInt8(truncatingIfNeeded: number)])
    }
    let tensor = try #require(try OrbaxReader.read(directory.path).variables[0].value?.tensor)
    #expect(try tensor.bytes() == (0..<count).map { UInt8(truncatingIfNeeded: $0) })
  }
}
