import OptimizerCore
import Tensors
import TestSupport
import Testing
import TrainingState

@testable import StateStore

@Suite("Records in a store")
struct RecordTests {
  static let values: [AttributeValue] = [
    .bool(true), .bool(false), .int(.min), .int(.max), .int(0), .double(0.1), .double(-0.0),
    .double(.infinity), .double(.leastNonzeroMagnitude), .string(""), .string("text"),
    .string("ünï\u{301}"), .doubles([]), .doubles([1, -2.5]), .strings([]), .strings([""]),
    .strings(["a", "", "名前"]),
    .strings((0..<5000).map { "bert/encoder/layer_\($0)/attention/self/query/kernel" }),
    .string(String(repeating: "long ", count: 20_000)),
    .doubles((0..<20_000).map { Double($0) }),
  ]

  @Test(arguments: values)
  func everyHyperparameterComesBack(_ value: AttributeValue) throws {
    var state = TrainingState(origin: Origin(recorded: "test"))
    state.optimizer = OptimizerRecord(kind: "adam", hyperparameters: ["key": value, "ü": .int(1)])
    state.schedule = ScheduleRecord(kind: "bert", parameters: ["key": value])
    state.attributes = ["test.key": value]
    let tensor = StateTensor("w", try floats([1]), attributes: ["test.key": value])
    state.variables = [Variable("w", value: tensor)]
    let copy = try stored(state)
    #expect(copy.optimizer == state.optimizer)
    #expect(copy.schedule == state.schedule)
    #expect(copy.attributes == state.attributes)
    #expect(copy.variables[0].value?.attributes == tensor.attributes)
  }

  @Test
  func signOfZeroAndBitsOfNaNComeBack() throws {
    var state = TrainingState(origin: Origin(recorded: "test"))
    let numbers = [-0.0, Double(nan: 5, signaling: false)]
    state.attributes = ["test.numbers": .doubles(numbers)]
    guard case .doubles(let found) = try stored(state).attributes["test.numbers"] else {
      Issue.record("the list is gone")
      return
    }
    #expect(found.map(\.bitPattern) == numbers.map(\.bitPattern))
  }

  @Test
  func severalOptimizersComeBack() throws {
    var state = TrainingState(origin: Origin(recorded: "test"))
    state.globalStep = GlobalStep(9)
    state.variables = try ["g", "d"].map { Variable($0, value: StateTensor($0, try floats([1]))) }
    let groups = [ParameterGroup(kind: "adamw", overrides: ["beta1": .double(0.5)], members: ["g"])]
    state.optimizers = [
      NamedOptimizer(
        "optimizer/ü",
        record: OptimizerRecord(
          kind: "sgd",
          hyperparameters: ["momentum": .double(0.9)],
          groups: groups
        ),
        step: .max,
        members: ["g"]
      ),
      NamedOptimizer(
        "",
        schedule: ScheduleRecord(kind: "bert", parameters: ["num_train_steps": .int(3)]),
        members: ["d"]
      ),
      NamedOptimizer("third", members: []),
    ]
    let copy = try stored(state)
    #expect(copy.optimizer == nil && copy.schedule == nil)
    #expect(copy.globalStep?.value == 9)
    #expect(copy.optimizers.map(\.name) == state.optimizers.map(\.name))
    #expect(copy.optimizers.map(\.record) == state.optimizers.map(\.record))
    #expect(copy.optimizers.map(\.schedule) == state.optimizers.map(\.schedule))
    #expect(copy.optimizers.map(\.step) == [.max, nil, nil])
    #expect(copy.optimizers.map(\.members) == [["g"], ["d"], []])
  }

  @Test(arguments: ["adam_m", "@adam_m", "ema"])
  func slotsInEightBitsKeepTheirParts(_ slot: String) throws {
    var state = TrainingState(origin: Origin(recorded: "test"))
    let parts = try Quantization(
      codes: try Tensor(.uint8, try Shape([2, 3]), bytes: [0, 255, 7, 1, 2, 3]),
      scales: try floats([0.5, 2]),
      map: try floats((0..<256).map { Float($0) }),
      blockSize: 4
    )
    let kept = Slot(SlotName(rawValue: slot), StateTensor("w/\(slot)", try parts.values()))
    let weight = StateTensor("w", try floats([0, 0, 0, 0, 0, 0], [2, 3]))
    state.variables = [
      Variable("w", value: weight, slots: [kept]),
      Variable("w/ema/x", value: StateTensor("w/ema/x", try floats([1]))),
    ]
    for level in [nil, 1] {
      let copy = try stored(state, deflateLevel: level)
      #expect(try Fingerprint(copy) == Fingerprint(state))
      let found = try #require(copy.variables[0].slots.first)
      #expect(found.name.rawValue == slot)
      #expect(found.tensor.tensor.quantization?.blockSize == 4)
      #expect(try found.tensor.tensor.bytes() == parts.values().bytes())
    }
  }

  @Test
  func groupsKeepOrderNamesOverridesAndMembers() throws {
    var state = TrainingState(origin: Origin(recorded: "test"))
    var groups = (0..<12).map { number in
      ParameterGroup(
        name: number % 2 == 0 ? "group \(number)" : nil,
        overrides: ["weight_decay": .double(Double(number)), "flag": .bool(true)],
        members: (0..<number).map { "w\($0)" }
      )
    }
    groups.append(ParameterGroup(members: (0..<9000).map { "encoder/layer_\($0)/kernel" }))
    state.optimizer = OptimizerRecord(kind: "adamw", groups: groups)
    #expect(try stored(state).optimizer == state.optimizer)
  }

  @Test
  func absentRecordsStayAbsent() throws {
    let copy = try stored(TrainingState(origin: Origin(recorded: "test")))
    #expect(copy.optimizer == nil)
    #expect(copy.schedule == nil)
    #expect(copy.globalStep == nil)
    #expect(copy.naming == nil)
    #expect(copy.variables.isEmpty && copy.extras.isEmpty && copy.optimizerTensors.isEmpty)
    #expect(copy.origin.format == "test")
  }

  @Test(arguments: [Int64.min, -1, 0, 1, .max])
  func stepsOfAllKindsComeBack(_ step: Int64) throws {
    var state = TrainingState(origin: Origin(recorded: "test"))
    state.globalStep = GlobalStep(step)
    state.variables = [Variable("w", value: StateTensor("w", try floats([1])), step: step)]
    let copy = try stored(state)
    #expect(copy.globalStep?.value == step)
    #expect(copy.variables[0].step == step)
  }

  @Test
  func variableWithoutValueOrSlotsComesBack() throws {
    var state = TrainingState(origin: Origin(recorded: "test"))
    let slot = Slot(.momentum, StateTensor("v/momentum", try floats([1]), sourceName: "v/Momentum"))
    state.variables = [Variable("nothing", value: nil), Variable("v", value: nil, slots: [slot])]
    #expect(try Fingerprint(try stored(state)) == (try Fingerprint(state)))
  }

  @Test(arguments: ["kind"])
  func hyperparameterThatTheLayoutNeedsIsRefusedAndNotLost(_ key: String) throws {
    var state = TrainingState(origin: Origin(recorded: "test"))
    state.optimizer = OptimizerRecord(kind: "adam", hyperparameters: [key: .string("x")])
    #expect(try errorCode { _ = try stored(state) } != nil)
  }

  @Test(arguments: ["name", "members"])
  func overrideThatTheLayoutNeedsIsRefusedAndNotLost(_ key: String) throws {
    var state = TrainingState(origin: Origin(recorded: "test"))
    let group = ParameterGroup(name: "g", overrides: [key: .string("x")], members: ["w"])
    state.optimizer = OptimizerRecord(kind: "adam", groups: [group])
    #expect(try errorCode { _ = try stored(state) } != nil)
  }

  @Test
  func textWithNULIsRefused() throws {
    var state = TrainingState(origin: Origin(recorded: "test"))
    state.attributes = ["test.key": .string("a\0b")]
    #expect(try errorCode { _ = try stored(state) } == .unsupported)
  }
}
