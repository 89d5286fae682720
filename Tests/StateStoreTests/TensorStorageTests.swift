import ByteIO
import Tensors
import TestSupport
import Testing
import TrainingState

@testable import StateStore

@Suite("Tensors in a store")
struct TensorStorageTests {
  private static func state(_ tensor: Tensor) -> TrainingState {
    TrainingState(
      variables: [Variable("w", value: StateTensor("w", tensor))],
      extras: [StateTensor("x", tensor)],
      origin: Origin(recorded: "test")
    )
  }

  @Test(
    arguments: ElementType.allCases,
    [[], [0], [1], [2, 3], [4, 0, 3], [1, 1, 1, 1, 1, 1, 1, 1]]
  )
  func everyElementTypeAndShapeComesBack(_ type: ElementType, _ dimensions: [Int]) throws {
    let shape = try Shape(dimensions)
    var random = SeededGenerator(seed: 5)
    let bytes =
      type.byteWidth.map { random.bytes($0 * shape.elementCount) }
      ?? StringTensor.encode((0..<shape.elementCount).map { random.bytes($0) })
    let state = Self.state(try Tensor(type, shape, bytes: bytes))
    for level in [nil, 6] {
      let copy = try stored(state, deflateLevel: level)
      let tensor = try #require(copy.variables.first?.value?.tensor)
      #expect(tensor.elementType == type)
      #expect(tensor.shape == shape)
      #expect(try tensor.bytes() == bytes)
      #expect(tensor.checksum == CRC32C.of(bytes).value)
      #expect(try Fingerprint(copy) == (try Fingerprint(state)))
    }
  }

  /// Around the size of a chunk, cut along one axis or two, with chunks that stand out over the edge.
  @Test(arguments: [
    [262_143], [262_144], [262_145], [3, 100_001], [700, 1000], [2, 3, 70_000], [1, 300_000],
    [5, 1, 70_001],
  ])
  func compressedTensorsLargerThanAChunkComeBack(_ dimensions: [Int]) throws {
    let shape = try Shape(dimensions)
    let bytes = littleEndian((0..<shape.elementCount).map { UInt32(truncatingIfNeeded: $0 &* 977) })
    let state = Self.state(try Tensor(.float32, shape, bytes: bytes))
    let copy = try stored(state, deflateLevel: 1)
    let tensor = try #require(copy.variables.first?.value?.tensor)
    #expect(try tensor.bytes() == bytes)
    #expect(tensor.checksum == CRC32C.of(bytes).value)
  }

  @Test
  func viewsAreStoredAsWhatTheyShow() throws {
    let matrix = try floats([1, 2, 3, 4, 5, 6], [2, 3])
    let copy = try stored(Self.state(try matrix.transposed().cast(to: .float64)))
    let tensor = try #require(copy.variables.first?.value?.tensor)
    #expect(tensor.shape.dimensions == [3, 2])
    #expect(
      try tensor.bytes() == littleEndian([1, 4, 2, 5, 3, 6].map { ($0 as Double).bitPattern })
    )
  }

  @Test(arguments: [nil, 4])
  func damagedSourceLeavesNothingBehind(_ level: Int?) throws {
    let directory = try TemporaryDirectory()
    let good = try floats([1, 2])
    let bad = try Tensor(.float32, good.shape, checksum: 1, source: good.source)
    let error = try stateError {
      try StateStoreWriter.write(
        Self.state(bad),
        to: directory("s.h5"),
        options: WriteOptions(deflateLevel: level)
      )
    }
    #expect(error?.code == .checksumMismatch)
    #expect(error?.tensor == "w")
    #expect(try directory.names.isEmpty)
  }

  @Test
  func flippedBitOfDataIsNoticedAndItsTensorNamed() throws {
    let directory = try TemporaryDirectory()
    let path = directory("s.h5")
    let marker = (0..<16).map { Float($0) * 1.25 + 1000 }
    let state = Self.state(try floats(marker))
    try StateStoreWriter.write(state, to: path, options: WriteOptions())
    let intact = try readFile(path)
    let data = littleEndian(marker.map(\.bitPattern))
    let place = try #require(
      (0..<intact.count - data.count).first { Array(intact[$0..<$0 + data.count]) == data }
    )
    for bit in 0..<8 * data.count {
      var bytes = intact
      bytes[place + bit / 8] ^= 1 << (bit % 8)
      try writeFile(path, bytes)
      let error = try stateError { _ = try Fingerprint(try StateStoreReader.read(path)) }
      #expect(error?.code == .checksumMismatch)
      #expect(error?.tensor == "w")
    }
  }

  @Test
  func existingStoreIsReplacedOnlyOnRequest() throws {
    let directory = try TemporaryDirectory()
    let path = directory("s.h5")
    try writeFile(path, "mine")
    let state = Self.state(try floats([1]))
    let code = try errorCode {
      try StateStoreWriter.write(state, to: path, options: WriteOptions())
    }
    #expect(code == .exists)
    #expect(try readFile(path) == Array("mine".utf8))
    try StateStoreWriter.write(state, to: path, options: WriteOptions(overwrite: true))
    #expect(try StateStoreReader.read(path).variables.count == 1)
    #expect(try directory.names == ["s.h5"])
  }

  @Test(arguments: [-1, 0, 10])
  func levelThatGzipLacksIsRefused(_ level: Int) throws {
    let state = Self.state(try floats([1]))
    #expect(try errorCode { _ = try stored(state, deflateLevel: level) } == .invalidArgument)
  }

  @Test
  func sourceMayBeReplacedByItsOwnChange() throws {
    let directory = try TemporaryDirectory()
    let path = directory("s.h5")
    try StateStoreWriter.write(Self.state(try floats([1, 2])), to: path, options: WriteOptions())
    var state = try StateStoreReader.read(path)
    state.globalStep = GlobalStep(3)
    try StateStoreWriter.write(state, to: path, options: WriteOptions(overwrite: true))
    let copy = try StateStoreReader.read(path)
    #expect(copy.globalStep?.value == 3)
    #expect(try copy.variables[0].value?.tensor.bytes() == (try floats([1, 2]).bytes()))
  }

  @Test
  func thousandsOfTinyTensorsComeBack() throws {
    try roundTrip(tinyTensors: 10_000)
  }

  @Test(.tags(.slow), .enabled(if: isAskedForSlowTests))
  func hundredThousandTinyTensorsComeBack() throws {
    try roundTrip(tinyTensors: 100_000)
  }

  private func roundTrip(tinyTensors count: Int) throws {
    var state = TrainingState(origin: Origin(recorded: "test"))
    state.variables = try (0..<count).map { number in
      let name = "block\(number / 1000)/v\(number)"
      return Variable(
        name,
        value: StateTensor(name, try floats([Float(number)], []), index: number)
      )
    }
    let copy = try stored(state)
    #expect(copy.variables.count == count)
    #expect(try Fingerprint(copy) == (try Fingerprint(state)))
  }
}
