import Tensors
import TestSupport
import Testing
import TrainingState

@Suite("FlatLayout")
struct FlatLayoutTests {
  private func tensors(_ names: [String], scalars: [String] = []) throws -> [StateTensor] {
    try names.map { StateTensor($0, try Tensor(.float32, .vector(1), bytes: [0, 0, 128, 63])) }
      + scalars.map { name in
        name == "learning_rate"
          ? StateTensor(name, try Tensor(.float32, .scalar, bytes: [0, 0, 128, 63]))
          : StateTensor(name, .scalar(3))
      }
  }

  private func slots(_ names: [String], scalars: [String] = [], optimizer: String? = nil) throws
    -> [String: [String]]
  {
    let layout = FlatLayout.recognize(try tensors(names, scalars: scalars), optimizer: optimizer)
    return Dictionary(
      uniqueKeysWithValues: layout.variables.map { ($0.name, $0.slots.map(\.slot.rawValue)) }
    )
  }

  @Test(arguments: [
    ("w/adam_m", "adam_m"), ("w/Adam_1", "adam_v"), ("w.exp_avg_sq", "adam_v"),
    ("w.momentum_buffer", "momentum"), ("optimizer.state.w.exp_avg", "adam_m"),
    ("w/gradient_accumulator", "gradient_accumulator"), ("w.max_exp_avg_sq", "adam_vhat"),
  ])
  func suffixBehindAVariablesNameIsASlot(_ name: String, _ slot: String) throws {
    #expect(try slots(["w", name]) == ["w": [slot]])
  }

  @Test
  func suffixWithoutItsVariableIsAVariable() throws {
    #expect(try slots(["w.m", "x/momentum"]) == ["w.m": [], "x/momentum": []])
    #expect(try slots(["w.exp_avg"]) == ["w": ["adam_m"]])
  }

  @Test(arguments: [
    (["w.m", "w.v"], nil, ["adam_m", "adam_v"]),
    (["w.m", "w.v"], "adamax", ["adam_m", "adamax_u"]),
    (["w.v", "w.u"], nil, ["accumulator", "accumulator_update"]), (["w.m"], nil, ["momentum"]),
    (["w.v"], nil, ["v"]), (["w.v"], "sgd", ["momentum"]), (["w.v"], "rmsprop", ["rms"]),
  ])
  func letterOfMLXMeansWhatItsNeighboursSay(
    _ names: [String],
    _ optimizer: String?,
    _ expected: [String]
  ) throws {
    let found = try slots(names, scalars: ["step", "learning_rate"], optimizer: optimizer)
    #expect(found == ["w": expected])
  }

  @Test
  func stepsAndScalarsAreFound() throws {
    let list = try tensors(["w"], scalars: ["step", "learning_rate", "w.step"])
    let layout = FlatLayout.recognize(list)
    #expect(layout.globalStep == "step")
    #expect(layout.optimizerTensors.map(\.key) == ["learning_rate"])
    let state = try layout.state(of: list, from: Origin(recorded: "x"))
    #expect(state.globalStep?.value == 3)
    #expect(state.variables.map(\.step) == [3])
    let (_, back) = try FlatLayout.of(state, format: "x")
    #expect(back.map(\.name).sorted() == list.map(\.name).sorted())
  }

  @Test
  func secondSlotOfOneMeaningKeepsItsOwnWord() throws {
    #expect(try slots(["w", "w/adam_m", "w.exp_avg"]) == ["w": ["adam_m", "exp_avg"]])
    #expect(try slots(["w", "w.exp_avg", "w/adam_m"]) == ["w": ["adam_m", "adam_m_2"]])
  }

  @Test
  func stepThatIsNoWholeNumberIsRefused() throws {
    let half = StateTensor("w.step", try Tensor(.float32, .scalar, bytes: [0, 0, 0, 63]))
    let list = try tensors(["w"]) + [half]
    #expect(
      try errorCode {
        _ = try FlatLayout.recognize(list).state(of: list, from: Origin(recorded: "x"))
      }
        == .malformed
    )
  }
}
