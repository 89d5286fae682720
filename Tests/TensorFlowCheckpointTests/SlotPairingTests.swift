import Tensors
import TestSupport
import Testing
import TrainingState

@testable import TensorFlowCheckpoint

@Suite("TensorFlowSlots")
struct SlotPairingTests {
  @Test(arguments: [
    ("adam", ["adam_m": "Adam", "adam_v": "Adam_1"]), ("sgd", [:]),
    ("momentum", ["momentum": "Momentum"]), ("nesterov", ["momentum": "Momentum"]),
    ("rmsprop", ["rms": "RMSProp", "momentum": "RMSProp_1"]),
    (
      "rmsprop-centered",
      ["rms": "RMSProp", "rms_mean_gradient": "RMSProp_1", "momentum": "RMSProp_2"]
    ),
    ("adagrad", ["accumulator": "Adagrad"]),
    ("adadelta", ["accumulator": "Adadelta", "accumulator_update": "Adadelta_1"]),
    ("ftrl", ["accumulator": "Ftrl", "linear": "Ftrl_1"]),
    ("moving-average", ["adam_m": "Adam", "adam_v": "Adam_1", "ema": "ExponentialMovingAverage"]),
  ])
  func slotsOfEveryOptimizerAreFound(_ optimizer: String, _ slots: [String: String]) throws {
    let state = try TensorFlowReader.read(
      Fixtures.tensorFlow("2.21.0/optimizers/\(optimizer)/model.ckpt-5")
    )
    #expect(
      state.variables.map(\.name).sorted() == ["dense/bias", "dense/kernel", "one", "scalar"]
    )
    for variable in state.variables {
      let found = Dictionary(
        uniqueKeysWithValues: variable.slots.map { ($0.name.rawValue, $0.tensor.sourceName) }
      )
      #expect(found == slots.mapValues { "\(variable.name)/\($0)" })
    }
    #expect(state.globalStep?.value == 5)
    let scalars =
      ["adam", "moving-average"].contains(optimizer) ? ["beta1_power", "beta2_power"] : []
    #expect(state.optimizerTensors.map(\.name) == scalars)
    #expect(state.extras.isEmpty)
  }

  @Test
  func variablesOfBERTHaveBothMoments() throws {
    let state = try TensorFlowReader.read(Fixtures.tensorFlow("2.21.0/bert/model.ckpt-20"))
    #expect(state.variables.allSatisfy { $0.slots.map(\.name) == [.firstMoment, .secondMoment] })
    #expect(state.optimizerTensors.isEmpty)
  }

  @Test
  func fineTunedPoolerHasNoMoments() throws {
    let state = try TensorFlowReader.read(Fixtures.tensorFlow("1.15.5/squad/model.ckpt-3"))
    let without = state.variables.filter(\.slots.isEmpty).map(\.name)
    #expect(without == ["bert/pooler/dense/bias", "bert/pooler/dense/kernel"])
  }

  @Test
  func partitionedVariableHasItsSlots() throws {
    let state = try TensorFlowReader.read(Fixtures.bundle("partitioned/ck-2"))
    #expect(state.variables.map(\.name) == ["part/weights"])
    #expect(state.variables[0].slots.map(\.name) == [.firstMoment, .secondMoment])
  }

  /// A state of scalars by these names.
  private func state(_ names: String...) throws -> TrainingState {
    let tensors = try names.map { StateTensor($0, try floats([1], [])) }
    return try TensorFlowReader.state(of: tensors, attributes: [:])
  }

  @Test
  func scopeInFrontOfASlotIsSkipped() throws {
    let state = try state("a/w", "training/a/w/Adam", "training/beta1_power_1")
    #expect(state.variables.map(\.name) == ["a/w"])
    #expect(state.variables[0][.firstMoment]?.tensor.sourceName == "training/a/w/Adam")
    #expect(state.optimizerTensors.map(\.name) == ["training/beta1_power_1"])
  }

  @Test
  func slotWithoutItsVariableIsAVariable() throws {
    #expect(try state("x/Adam", "y/Momentum").variables.map(\.name) == ["x/Adam", "y/Momentum"])
  }

  @Test
  func momentsOfBERTMayStandAlone() throws {
    let state = try state("x/adam_m", "x/adam_v")
    #expect(state.variables.map(\.name) == ["x"])
    #expect(state.variables[0].value == nil)
    #expect(state.variables[0].slots.map(\.name) == [.firstMoment, .secondMoment])
  }

  @Test
  func secondOptimizerKeepsItsOwnSlotNames() throws {
    let state = try state("w", "w/Adam", "w/adam_m")
    #expect(state.variables[0].slots.map(\.tensor.sourceName) == ["w/Adam", "w/adam_m"])
    #expect(Set(state.variables[0].slots.map(\.name)).count == 2)
  }

  @Test
  func namesThatOnlyLookAlikeAreNotMerged() throws {
    // The same letter in one scalar and in two.
    let state = try state("\u{E9}", "e\u{301}", "e\u{301}/adam_m")
    #expect(state.variables.count == 2)
    #expect(state.variables.map(\.slots.count) == [0, 1])
  }

  @Test
  func vectorCalledGlobalStepIsAVariable() throws {
    let vector = StateTensor("global_step", try floats([1, 2]))
    let state = try TensorFlowReader.state(of: [vector], attributes: [:])
    #expect(state.globalStep == nil)
    #expect(state.variables.map(\.name) == ["global_step"])
  }
}
