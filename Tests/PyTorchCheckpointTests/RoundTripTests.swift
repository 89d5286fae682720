import ByteIO
import OptimizerCore
import TestSupport
import Tensors
import Testing
import TorchContainer
import TrainingState

@testable import PyTorchCheckpoint

@Suite("PyTorchReader and PyTorchWriter")
struct RoundTripTests {
  @Test(arguments: Files.names)
  func aFileComesBackByteForByte(_ name: String) throws {
    let directory = try TemporaryDirectory()
    let state = try PyTorchReader.read(Files.path(name))
    try PyTorchWriter.write(state, to: directory("\(name).pt"), options: WriteOptions())
    // Tensors with gaps between their elements cannot stay where they were; all else is the same.
    if name != "views" {
      #expect(try readFile(directory("\(name).pt")) == readFile(Files.path(name)))
    }
    let again = try PyTorchReader.read(directory("\(name).pt"))
    #expect(try contents(again) == contents(state))
  }

  private func contents(_ state: TrainingState) throws -> [String] {
    try state.allTensors.filter { !$0.name.hasPrefix("~") }.map { tensor in
      let sum = CRC32.of(try tensor.tensor.bytes())
      return "\(tensor.name) \(tensor.tensor.elementType) \(tensor.tensor.shape) \(sum.value)"
    }
  }

  @Test(arguments: Files.names + ["legacy"])
  func tensorsAreThoseThatTorchLoads(_ name: String) throws {
    let file = try TorchFile.open(Files.path(name), allowing: .torch)
    let survey = try TorchSurvey(file.tree)
    let rows = try Files.rows("\(Files.reference)/\(name).expected.tsv")
    #expect(survey.tensors.count == rows.count)
    for (found, row) in zip(survey.tensors, rows) {
      let tensor = try file.tensor(try #require(found.view))
      #expect(found.path.keys.joined(separator: "/") == row[0])
      #expect(try TorchType.name(of: tensor.elementType) == row[1])
      #expect(tensor.shape.dimensions.map(String.init).joined(separator: ",") == row[2])
      #expect(CRC32.of(try tensor.bytes()).value == UInt32(row[3], radix: 16), "\(row[0])")
    }
  }

  private static let kinds: [(file: String, kind: String, slots: [SlotName])] = [
    ("adam", "adam", [.firstMoment, .secondMoment]),
    ("adam-1.8", "adam", [.firstMoment, .secondMoment]),
    ("adamw-fused", "adamw", [.firstMoment, .secondMoment]),
    ("amsgrad", "adam", [.firstMoment, .secondMoment, .greatestSecondMoment]),
    ("momentum", "sgd", [.momentum]),
    ("rmsprop", "rmsprop", [.meanSquare, .momentum, .meanGradient]),
    ("adagrad", "adagrad", [.accumulator]),
    ("adadelta", "adadelta", [.accumulator, .updateAccumulator]),
    ("adamax", "adamax", [.firstMoment, .infinityNorm]),
    ("nadam", "nadam", [.momentumProduct, .firstMoment, .secondMoment]),
    ("radam", "radam", [.firstMoment, .secondMoment]),
    ("adafactor", "adafactor", [.factoredRow, .factoredColumn]),
    ("legacy", "adam", [.firstMoment, .secondMoment]),
  ]

  @Test(arguments: kinds)
  func optimizersAreRecognized(_ file: String, _ kind: String, _ slots: [SlotName]) throws {
    let state = try PyTorchReader.read(Files.path(file))
    #expect(state.optimizer?.kind == kind)
    #expect(
      state.optimizer?.hyperparameters["learning_rate"] == .double(kind == "adadelta" ? 1 : 0.01)
    )
    #expect(
      state.variables.map(\.name) == [
        "0.weight", "0.bias", "1.weight", "1.bias", "2.weight", "2.bias",
      ]
    )
    let first = try #require(state.variables.first)
    #expect(Set(first.slots.map(\.name)) == Set(slots))
    #expect(first.step == (kind == "sgd" ? nil : 3))
    #expect(state.globalStep?.value == (kind == "sgd" ? nil : 3))
    if kind == "adafactor" {
      #expect(first[.factoredRow]?.tensor.tensor.shape.dimensions == [3])
      #expect(first[.factoredColumn]?.tensor.tensor.shape.dimensions == [4])
    }
    if file == "adamw-fused" {
      #expect(state.optimizer?.hyperparameters["arithmetic"] == .string("pytorch_fused"))
      #expect(state.optimizer?.hyperparameters["weight_decay"] == .double(0.01))
    }
  }

  @Test
  func aBareOptimizerHasNumbersForNamesUnlessItIsGivenNames() throws {
    let state = try PyTorchReader.read(Files.path("bare-optimizer"))
    #expect(state.variables.map(\.name) == ["0", "1", "2", "3", "4", "5"])
    #expect(state.variables.allSatisfy { $0.value == nil && $0.slots.count == 2 })
    let names = ["a", "b", "c", "d", "e", "f"]
    let named = try PyTorchReader.read(
      Files.path("bare-optimizer"),
      options: ReadOptions(parameterNames: names)
    )
    #expect(named.variables.map(\.name) == names)
    let code = try errorCode {
      _ = try PyTorchReader.read(
        Files.path("bare-optimizer"),
        options: ReadOptions(parameterNames: ["a"])
      )
    }
    #expect(code == .invalidArgument)
  }

  @Test
  func aChangedStepIsWritten() throws {
    let directory = try TemporaryDirectory()
    for file in ["adam", "adam-1.8"] {
      var state = try PyTorchReader.read(Files.path(file))
      for index in state.variables.indices { state.variables[index].step = 70_000 }
      state.optimizer?.hyperparameters["learning_rate"] = .double(0.5)
      try PyTorchWriter.write(state, to: directory("\(file).pt"), options: WriteOptions())
      let again = try PyTorchReader.read(directory("\(file).pt"))
      #expect(again.variables.allSatisfy { $0.step == 70_000 })
      #expect(again.optimizer?.hyperparameters["learning_rate"] == .double(0.5))
    }
  }

  @Test
  func aForeignStateNeedsALearningRate() throws {
    let directory = try TemporaryDirectory()
    var state = try PyTorchReader.read(Files.path("adam"))
    state.origin = Origin(recorded: "tensorflow")
    state.optimizer = OptimizerRecord(kind: "bert_adamw")
    var error = try stateError {
      try PyTorchWriter.write(state, to: directory("a.pt"), options: WriteOptions())
    }
    #expect(error?.code == .unsupported && error?.remedy?.contains("--learning_rate") == true)
    state.optimizer = nil
    error = try stateError {
      try PyTorchWriter.write(state, to: directory("a.pt"), options: WriteOptions())
    }
    #expect(error?.remedy?.contains("--optimizer") == true)
    #expect(try directory.names.isEmpty)
  }

  @Test
  func tiedVariablesStayOneStorage() throws {
    let directory = try TemporaryDirectory()
    let tensor = try floats([1, 2, 3])
    let state = TrainingState(
      variables: ["a", "b"].map { Variable($0, value: StateTensor($0, tensor)) },
      origin: Origin(recorded: "elsewhere")
    )
    try PyTorchWriter.write(state, to: directory("t.pt"), options: WriteOptions())
    let file = try TorchFile.open(directory("t.pt"), allowing: .torch)
    #expect(file.keys.count == 1)
    let again = try PyTorchReader.read(directory("t.pt"))
    let sources = again.variables.compactMap { $0.value?.tensor.source }
    #expect(sources.count == 2 && sources[0] === sources[1])
  }
}
