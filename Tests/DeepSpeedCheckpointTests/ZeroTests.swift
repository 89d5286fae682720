import ByteIO
import OptimizerCore
import Tensors
import TestSupport
import Testing
import TrainingState

@testable import DeepSpeedCheckpoint

@Suite("Checkpoints of DeepSpeed")
struct ZeroTests {
  private func zero(
    _ state: TrainingState,
    _ ranks: Int,
    in directory: TemporaryDirectory
  ) throws -> String {
    let path = directory("zero\(ranks)")
    try ZeroWriter.write(state, to: path, options: WriteOptions(ranks: ranks))
    return path
  }

  @Test(arguments: [1, 2, 3, 8])
  func everyCutHoldsTheSame(_ ranks: Int) throws {
    let directory = try TemporaryDirectory()
    let path = try zero(try UnevenState.make(), ranks, in: directory)
    let files = try FileSystem.names(in: path + "/global_step3")
    #expect(files.count == ranks + 1)
    #expect(try readFile(path + "/latest") == Array("global_step3".utf8))
    let found = try ZeroReader.read(path)
    #expect(try UnevenState.bytes(of: found) == (try UnevenState.bytes(of: try UnevenState.make())))
    #expect(found.variables.map(\.step) == [3, 3, 3, nil])
    #expect(found.optimizer?.groups.map(\.members) == [["a.weight"], ["a.bias", "scale"]])
    #expect(found.globalStep?.value == 3)
  }

  @Test(arguments: [1, 3])
  func cutOfACutIsTheFirstAgain(_ ranks: Int) throws {
    let directory = try TemporaryDirectory()
    let source = try ZeroReader.read(try zero(try UnevenState.make(), 2, in: directory))
    let direct = directory("direct")
    try ZeroWriter.write(source, to: direct, options: WriteOptions(ranks: 2))
    let other = try zero(source, ranks, in: directory)
    let again = directory("again")
    try ZeroWriter.write(try ZeroReader.read(other), to: again, options: WriteOptions(ranks: 2))
    let names = try FileSystem.files(below: direct)
    #expect(names.count == 4)
    for name in names {
      let bytes = try readFile(FileSystem.path(direct, name))
      #expect(try readFile(FileSystem.path(again, name)) == bytes)
    }
  }

  /// Stage 3 of two ranks: a parameter, a frozen one and another name.
  @Test(arguments: [1, 2, 3, 8])
  func piecesAreCutForAnyRanks(_ ranks: Int) throws {
    let directory = try TemporaryDirectory()
    let source = try ZeroReader.read(Fixtures.root + "/hostile/sharded/zero-pieces-control")
    let path = try zero(source, ranks, in: directory)
    let names = try FileSystem.names(in: path + "/zero-pieces-control")
    #expect(names.count == 2 * ranks)
    let found = try ZeroReader.read(path)
    #expect(try UnevenState.bytes(of: found) == (try UnevenState.bytes(of: source)))
    #expect(Set(found.variables.map(\.name)) == ["w", "f", "t"])
  }

  /// Nothing but the optimizer's files holds what stage 3 trains.
  @Test
  func parametersAloneAreRefusedByStage3() throws {
    let directory = try TemporaryDirectory()
    var state = try ZeroReader.read(Fixtures.root + "/hostile/sharded/zero-pieces-control")
    for index in state.variables.indices { state.variables[index].slots = [] }
    state.optimizer = nil
    let error = try stateError { _ = try zero(state, 2, in: directory) }
    #expect(error?.code == .unsupported)
    #expect(error?.tensor == "w")
    #expect(try directory.names == [])
  }

  @Test(arguments: [1, 4])
  func universalCheckpointsHoldTheSame(_ ranks: Int) throws {
    let directory = try TemporaryDirectory()
    let path = directory("universal")
    try UniversalWriter.write(
      try UnevenState.make(),
      to: path,
      options: WriteOptions(ranks: ranks)
    )
    #expect(try readFile(path + "/latest_universal") == Array("global_step3_universal".utf8))
    let folders = try FileSystem.names(in: path + "/global_step3_universal/zero")
    #expect(Set(folders) == ["a.bias", "a.weight", "fixed", "optimizer_state.pt", "scale"])
    let found = try UniversalReader.read(path)
    #expect(try UnevenState.bytes(of: found) == (try UnevenState.bytes(of: try UnevenState.make())))
    let back = try zero(found, 3, in: directory)
    #expect(
      try UnevenState.bytes(of: try ZeroReader.read(back))
        == (try UnevenState.bytes(of: try UnevenState.make()))
    )
  }

  @Test(arguments: ["../out", "a/../../b", "/etc"])
  func nameThatLeadsOutIsNoFolder(_ name: String) throws {
    let directory = try TemporaryDirectory()
    var state = try UnevenState.make()
    state.variables[3] = Variable(name, value: state.variables[3].value)
    let error = try stateError {
      try UniversalWriter.write(state, to: directory("u"), options: WriteOptions())
    }
    #expect(error?.code == .unsupported)
    #expect(try directory.names == [])
  }

  @Test(arguments: [0, -1, 4097])
  func impossibleCutIsRefused(_ ranks: Int) throws {
    let directory = try TemporaryDirectory()
    let code = try errorCode { _ = try zero(try UnevenState.make(), ranks, in: directory) }
    #expect(code == .invalidArgument)
    #expect(try directory.names == [])
  }

  /// A group's slots are one vector: a variable without them has no place in it.
  @Test
  func groupWithDifferentSlotsIsRefused() throws {
    let directory = try TemporaryDirectory()
    var state = try UnevenState.make()
    state.variables[2].slots.removeLast()
    let error = try stateError { _ = try zero(state, 2, in: directory) }
    #expect(error?.code == .unsupported)
    #expect(error?.tensor == "scale")
  }

  @Test
  func otherSlotShapeIsRefused() throws {
    let directory = try TemporaryDirectory()
    var state = try UnevenState.make()
    let short = StateTensor("a.bias/m", try Tensor.constant(0, .float32, .vector(3)))
    state.variables[1].slots[0] = Slot(.firstMoment, short)
    #expect(try errorCode { _ = try zero(state, 2, in: directory) } == .unsupported)
  }

  @Test(arguments: ["", "..", ".", "a/b", "/etc", "none"])
  func tagNeverLeadsOut(_ tag: String) throws {
    let directory = try TemporaryDirectory()
    let path = try zero(try UnevenState.make(), 1, in: directory)
    try writeFile(path + "/latest", tag)
    #expect(try !ZeroReader.recognizes(path))
  }
}
