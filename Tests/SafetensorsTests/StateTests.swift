import ByteIO
import OptimizerCore
import Safetensors
import Tensors
import TestSupport
import Testing
import TrainingState

@Suite("States in safetensors")
struct StateTests {
  private func tensor(_ name: String, _ value: Float = 1) throws -> StateTensor {
    let bits = value.bitPattern
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
    return StateTensor(name, try Tensor(.float32, .vector(2), bytes: bytes + bytes))
  }

  @Test
  func oneTensorUnderTwoNamesStaysOne() throws {
    let directory = try TemporaryDirectory()
    let value = try tensor("embed", 1)
    var embed = Variable("embed", value: value)
    embed.slots = [Slot(.momentum, try tensor("m", 2))]
    var state = TrainingState(
      variables: [
        embed, Variable("out", value: StateTensor("out", value.tensor)),
        Variable("equal", value: try tensor("equal", 1)),
      ],
      origin: Origin(recorded: "pytorch")
    )
    try SafetensorsWriter.write(state, to: directory("a.safetensors"), options: WriteOptions())
    let file = try SafetensorsFile.open(directory("a.safetensors"))
    #expect(Set(file.tensors.map(\.name)) == ["embed", "embed/momentum", "equal"])
    state = try SafetensorsReader.read(directory("a.safetensors"))
    func source(_ name: String) -> (any TensorSource)? {
      state.variables.first { $0.name == name }?.value?.tensor.source
    }
    #expect(source("out") != nil && source("out") === source("embed"))
    #expect(source("equal") !== source("embed"))
    state.origin = Origin(recorded: "pytorch")
    try SafetensorsWriter.write(state, to: directory("b.safetensors"), options: WriteOptions())
    #expect(try readFile(directory("b.safetensors")) == readFile(directory("a.safetensors")))
  }

  private func state() throws -> TrainingState {
    var weight = Variable("scope/w", value: try tensor("scope/w", 1))
    weight.slots = [
      Slot(.firstMoment, try tensor("m", 2)), Slot("own word", try tensor("own", 3)),
    ]
    weight.step = 12
    let orphan = Variable("b.v", value: nil, slots: [Slot(.momentum, try tensor("x", 4))])
    return TrainingState(
      variables: [weight, orphan, Variable("scope/w/adam_v", value: try tensor("c", 5))],
      globalStep: GlobalStep(7),
      optimizerTensors: [try tensor("beta1_power", 0.5)],
      optimizer: OptimizerRecord(
        kind: "a kind of its own",
        hyperparameters: [
          "nan": .double(.nan), "inf": .double(-.infinity), "none": .doubles([]),
          "words": .strings([]),
          "whole": .double(1), "count": .int(1), "flag": .bool(true), "text": .string("1"),
          "list": .doubles([1, 0.5, .infinity]),
        ],
        groups: [
          ParameterGroup(name: "g", overrides: ["weight_decay": .double(0)], members: ["b.v"]),
          ParameterGroup(members: []),
        ]
      ),
      schedule: ScheduleRecord(kind: "constant", parameters: ["learning_rate": .double(1e-4)]),
      origin: Origin(recorded: "tensorflow")
    )
  }

  @Test
  func everythingOfAStateIsReadBack() throws {
    let directory = try TemporaryDirectory()
    let path = directory("s.safetensors")
    let written = try state()
    try SafetensorsWriter.write(written, to: path, options: WriteOptions())
    let read = try SafetensorsReader.read(path)
    #expect(read.variables.map(\.name) == written.variables.map(\.name))
    #expect(read.variables.map(\.step) == written.variables.map(\.step))
    #expect(
      read.variables.map { $0.slots.map(\.name) } == written.variables.map { $0.slots.map(\.name) }
    )
    #expect(read.globalStep?.value == 7)
    #expect(read.optimizerTensors.map(\.name) == ["beta1_power"])
    // NaN is no hyper-parameter's equal, so records are compared by what they say.
    #expect("\(String(describing: read.optimizer))" == "\(String(describing: written.optimizer))")
    #expect(read.schedule == written.schedule)
    for (one, other) in zip(read.variables, written.variables) {
      #expect(try one.value?.tensor.bytes() == other.value?.tensor.bytes())
      for (slot, original) in zip(one.slots, other.slots) {
        #expect(try slot.tensor.tensor.bytes() == original.tensor.tensor.bytes())
      }
    }
    try SafetensorsWriter.write(read, to: directory("t.safetensors"), options: WriteOptions())
    let again = try SafetensorsReader.read(directory("t.safetensors"))
    #expect(try Fingerprint(again) == (try Fingerprint(read)))
  }

  @Test
  func twoTensorsOfOneNameAreRefused() throws {
    let directory = try TemporaryDirectory()
    var clash = try state()
    clash.variables[0].slots.append(Slot(.secondMoment, try tensor("v")))
    let code = try errorCode {
      try SafetensorsWriter.write(clash, to: directory("s.safetensors"), options: WriteOptions())
    }
    #expect(code == .unsupported)
    #expect(try directory.names.isEmpty)
  }

  @Test
  func foreignExtrasAreLeftOutAndNamed() throws {
    let directory = try TemporaryDirectory()
    var state = try state()
    state.extras = [StateTensor("graph", try Tensor(.uint8, .vector(1), bytes: [1]))]
    let notes = Notes()
    try SafetensorsWriter.write(
      state,
      to: directory("s.safetensors"),
      options: WriteOptions(note: { notes.add($0) })
    )
    #expect(notes.all.count == 1)
    #expect(notes.all[0].contains("graph"))
  }

  @Test(arguments: ["s.safetensors", "s.safetensors.index.json"])
  func compressionIsRefused(_ name: String) throws {
    let directory = try TemporaryDirectory()
    let state = try state()
    let code = try errorCode {
      try SafetensorsWriter.write(
        state,
        to: directory(name),
        options: WriteOptions(deflateLevel: 1)
      )
    }
    #expect(code == .unsupported)
  }
}
