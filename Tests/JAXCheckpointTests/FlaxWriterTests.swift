import JAXCheckpoint
import OptimizerCore
import Tensors
import TestSupport
import Testing
import TrainingState

@Suite
struct FlaxWriterTests {
  private func written(_ change: (inout TrainingState) throws -> Void) throws -> [UInt8] {
    let directory = try TemporaryDirectory()
    try writeFile(directory("in"), FlaxFile.bytes)
    var state = try FlaxReader.read(directory("in"))
    try change(&state)
    try FlaxWriter.write(state, to: directory("out"), options: WriteOptions())
    return try readFile(directory("out"))
  }

  @Test
  func fileComesBackByteForByte() throws {
    #expect(try written { _ in } == FlaxFile.bytes)
  }

  @Test
  func stepMovesEveryCount() throws {
    let bytes = try written { state in
      state.globalStep?.value = 300
      for place in state.variables.indices { state.variables[place].step = 300 }
    }
    let directory = try TemporaryDirectory()
    try writeFile(directory("x"), bytes)
    let state = try FlaxReader.read(directory("x"))
    #expect(state.globalStep?.value == 300)
    #expect(state.variables.allSatisfy { $0.step == 300 })
    #expect(try state.optimizerTensors[0].tensor.bytes() == [0x2C, 1, 0, 0])
  }

  @Test
  func stepsThatDifferAreRefused() throws {
    let code = try errorCode { _ = try written { $0.variables[0].step = 7 } }
    #expect(code == .unsupported)
  }

  @Test
  func optimizerGoesAsAWhole() throws {
    let bytes = try written { state in
      state.globalStep = nil
      state.optimizerTensors = []
      for place in state.variables.indices {
        state.variables[place].slots = []
        state.variables[place].step = nil
      }
    }
    let directory = try TemporaryDirectory()
    try writeFile(directory("x"), bytes)
    let state = try FlaxReader.read(directory("x"))
    #expect(state.globalStep == nil)
    #expect(state.variables.map(\.name) == ["dense/bias", "dense/kernel", "half"])
    #expect(state.extras.map(\.name) == ["~msgpack"])
    #expect(bytes[0] == 0x81)
  }

  @Test
  func newFileIsATrainState() throws {
    let directory = try TemporaryDirectory()
    let value = try Tensor(.float32, .vector(2), bytes: [UInt8](repeating: 0, count: 8))
    func slot(_ name: SlotName) -> Slot { Slot(name, StateTensor("a/b/\(name)", value)) }
    let variable = Variable(
      "a/b",
      value: StateTensor("a/b", value),
      slots: [slot(.firstMoment), slot(.secondMoment)]
    )
    var state = TrainingState(
      variables: [variable],
      globalStep: GlobalStep(9),
      optimizer: OptimizerRecord(kind: "adamw"),
      origin: Origin("pytorch", .pytorch)
    )
    try FlaxWriter.write(state, to: directory("x"), options: WriteOptions())
    let found = try FlaxReader.read(directory("x"))
    #expect(found.globalStep?.value == 9)
    #expect(found.variables[0].step == 9)
    #expect(found.variables[0].slots.map(\.name) == [.firstMoment, .secondMoment])
    state.optimizer = OptimizerRecord(kind: "ftrl")
    let code = try errorCode {
      try FlaxWriter.write(state, to: directory("y"), options: WriteOptions())
    }
    #expect(code == .unsupported)
    #expect(try directory.names == ["x"])
  }
}
