import Tensors
import TestSupport
import Testing
import TrainingState

@testable import TensorFlowCheckpoint

@Suite("TensorFlowWriter")
struct TensorFlowWriterTests {
  private func state(_ names: String..., slots: [SlotName] = [], from format: String) throws
    -> TrainingState
  {
    let variables = try names.map { name in
      Variable(
        name,
        value: StateTensor(name, try floats([1, 2])),
        slots: try slots.map {
          Slot($0, StateTensor("\(name)/\($0)", try floats([3, 4]), sourceName: "foreign"))
        }
      )
    }
    return TrainingState(variables: variables, origin: Origin(recorded: format))
  }

  private func names(in prefix: String) throws -> [String] {
    try TensorFlowReader.read(prefix).allTensors.map { $0.sourceName ?? $0.name }.sorted()
  }

  @Test
  func slotsOfAnotherFormatGetTensorFlowsNames() throws {
    let directory = try TemporaryDirectory()
    let slots: [SlotName] = ["adam_m", "adam_v", "momentum", "rms", "accumulator", "ema"]
    let state = try state("w", slots: slots, from: "pytorch")
    try TensorFlowWriter.write(state, to: directory("m.ckpt"), options: WriteOptions())
    #expect(
      try names(in: directory("m.ckpt")) == [
        "w", "w/Adagrad", "w/ExponentialMovingAverage", "w/RMSProp", "w/RMSProp_1", "w/adam_m",
        "w/adam_v",
      ]
    )
  }

  @Test(arguments: ["", "a\0b"])
  func nameThatTensorFlowCannotHoldIsRefused(_ name: String) throws {
    let directory = try TemporaryDirectory()
    let state = try state(name, from: "pytorch")
    let code = try errorCode {
      try TensorFlowWriter.write(state, to: directory("m"), options: WriteOptions())
    }
    #expect(code == .unsupported)
    #expect(try directory.names.isEmpty)
  }

  @Test
  func twoTensorsOfOneNameAreRefused() throws {
    let directory = try TemporaryDirectory()
    let state = try state("w", "w", from: "pytorch")
    let error = try stateError {
      try TensorFlowWriter.write(state, to: directory("m"), options: WriteOptions())
    }
    #expect(error?.code == .unsupported)
    #expect(error?.tensor == "w")
    #expect(try directory.names.isEmpty)
  }

  @Test
  func existingCheckpointIsReplacedOnlyOnRequest() throws {
    let directory = try TemporaryDirectory()
    try TensorFlowWriter.write(
      try state("old", from: "pytorch"),
      to: directory("m"),
      options: WriteOptions()
    )
    let before = try directory.names.map { try readFile(directory($0)) }
    let new = try state("new", "new2", from: "pytorch")
    let code = try errorCode {
      try TensorFlowWriter.write(new, to: directory("m"), options: WriteOptions())
    }
    #expect(code == .exists)
    #expect(try directory.names.map { try readFile(directory($0)) } == before)
    try TensorFlowWriter.write(new, to: directory("m"), options: WriteOptions(overwrite: true))
    #expect(try names(in: directory("m")) == ["new", "new2"])
  }

  @Test
  func damagedSourceLeavesNothingBehind() throws {
    let directory = try TemporaryDirectory()
    let good = try floats([1, 2])
    let bad = try Tensor(.float32, good.shape, checksum: 1, source: good.source)
    let state = TrainingState(
      variables: [Variable("w", value: StateTensor("w", bad))],
      origin: Origin(recorded: "pytorch")
    )
    let error = try stateError {
      try TensorFlowWriter.write(state, to: directory("m"), options: WriteOptions())
    }
    #expect(error?.code == .checksumMismatch)
    #expect(error?.tensor == "w")
    #expect(try directory.names.isEmpty)
  }

  @Test
  func directoryIsNoPrefix() throws {
    let directory = try TemporaryDirectory()
    let state = try state("w", from: "pytorch")
    let code = try errorCode {
      try TensorFlowWriter.write(state, to: directory.path, options: WriteOptions())
    }
    #expect(code == .cannotCreate)
  }

  @Test
  func indexMayBeNamedInPlaceOfThePrefix() throws {
    let directory = try TemporaryDirectory()
    let state = try state("w", from: "pytorch")
    try TensorFlowWriter.write(state, to: directory("m.index"), options: WriteOptions())
    #expect(try directory.names == ["checkpoint", "m.data-00000-of-00001", "m.index"])
  }

  @Test
  func objectFormatNeedsAnObjectGraph() throws {
    let directory = try TemporaryDirectory()
    let state = try state("w", from: "pytorch")
    let code = try errorCode {
      try TensorFlowObjectWriter.write(state, to: directory("m"), options: WriteOptions())
    }
    #expect(code == .unsupported)
    #expect(try directory.names.isEmpty)
  }

  @Test
  func orderOfInputDecidesDataAndNotTheIndex() throws {
    let directory = try TemporaryDirectory()
    for (file, names) in [("one", ["a", "b"]), ("two", ["b", "a"])] {
      let variables = try names.map { Variable($0, value: StateTensor($0, try floats([1, 2]))) }
      try TensorFlowWriter.write(
        TrainingState(variables: variables, origin: Origin(recorded: "pytorch")),
        to: directory(file),
        options: WriteOptions()
      )
    }
    #expect(try readFile(directory("one.index")) == (try readFile(directory("two.index"))))
  }

  @Test
  func damagedLayoutAttributesAreRefused() throws {
    let directory = try TemporaryDirectory()
    let attributes: [[String: AttributeValue]] = [
      ["tensorflow.slices": .strings(["0,1"])], ["tensorflow.slices": .strings(["0,1;0;x"])],
      ["tensorflow.slices": .strings(["0,1:0,1;0;0"])],
      ["tensorflow.slices": .strings(["0,9;0;0"])],
      ["tensorflow.slices": .strings(["0,1;-1;0"])], ["tensorflow.shard": .int(-1)],
      ["tensorflow.shard": .int(5)],
    ]
    for attribute in attributes {
      let tensor = StateTensor("w", try floats([1, 2]), attributes: attribute)
      let state = TrainingState(
        variables: [Variable("w", value: tensor)],
        origin: Origin(recorded: "tensorflow")
      )
      let code = try errorCode {
        try TensorFlowWriter.write(state, to: directory("m"), options: WriteOptions())
      }
      #expect(code == .malformed, "\(attribute)")
    }
    #expect(try directory.names.isEmpty)
  }
}
