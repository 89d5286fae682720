import OptimizerCore
import Tensors
import TestSupport
import Testing
import TrainingState

@Suite("Several optimizers of one state")
struct OptimizersTests {
  private static func variable(_ name: String, step: Int64) throws -> Variable {
    let value = StateTensor(name, try floats([1, 2]))
    let slot = Slot(.firstMoment, StateTensor("\(name)/m", try floats([3, 4])))
    return Variable(name, value: value, slots: [slot], step: step)
  }

  private static func pair() throws -> TrainingState {
    TrainingState(
      variables: [
        try variable("g", step: 5), try variable("d", step: 7),
        Variable("frozen", value: StateTensor("frozen", try floats([0]))),
      ],
      globalStep: GlobalStep(12),
      optimizers: [
        NamedOptimizer(
          "optimizer_g",
          record: OptimizerRecord(kind: "adam", hyperparameters: ["learning_rate": .double(0.1)]),
          step: 5,
          members: ["g"]
        ),
        NamedOptimizer(
          "optimizer_d",
          record: OptimizerRecord(kind: "adamw"),
          schedule: ScheduleRecord(kind: "constant", parameters: ["learning_rate": .double(0.2)]),
          step: 7,
          members: ["d"]
        ),
      ],
      origin: Origin("pytorch", .pytorch)
    )
  }

  @Test
  func theChosenOneStandsInThePlaceOfAnOnlyOne() throws {
    let seen = try Self.pair().choosing("optimizer_d")
    #expect(seen.chosenOptimizer == "optimizer_d")
    #expect(seen.optimizer?.kind == "adamw")
    #expect(seen.schedule?.kind == "constant")
    #expect(seen.globalStep?.value == 7)
    #expect(seen.variables.map(\.name) == ["g", "d", "frozen"])
    #expect(seen.variables.map(\.slots.count) == [0, 1, 0])
    #expect(seen.variables.map(\.step) == [nil, 7, nil])
    #expect(try seen.choosing("optimizer_g").optimizer?.kind == "adam")
  }

  @Test
  func whatIsChangedInSightIsChangedInTheWhole() throws {
    var seen = try Self.pair().choosing("optimizer_g")
    seen.optimizer?.hyperparameters["learning_rate"] = .double(0.5)
    seen.globalStep?.value = 0
    seen.variables[0].step = 0
    let whole = seen.whole
    #expect(whole.chosenOptimizer == nil)
    #expect(whole.optimizer == nil && whole.schedule == nil)
    #expect(whole.globalStep?.value == 12)
    #expect(whole.optimizers.map(\.step) == [0, 7])
    #expect(whole.optimizers[0].record?.hyperparameters["learning_rate"] == .double(0.5))
    #expect(whole.optimizers[1].schedule?.kind == "constant")
    #expect(whole.variables.map(\.slots.count) == [1, 1, 0])
    #expect(whole.variables.map(\.step) == [0, 7, nil])
  }

  @Test
  func withoutTheOthersItIsAStateOfOneOptimizer() throws {
    let only = try Self.pair().choosing("optimizer_d").withoutOthers
    #expect(only.optimizers.isEmpty)
    #expect(only.optimizer?.kind == "adamw")
    #expect(only.whole.variables.map(\.slots.count) == [0, 1, 0])
    #expect(try Self.pair().withoutOthers.optimizers.count == 2)
  }

  @Test
  func partsDealTheVariablesOut() throws {
    let parts = try Self.pair().parts
    #expect(parts.map(\.name) == ["optimizer_g", "optimizer_d"])
    #expect(parts.map { $0.state.variables.map(\.name) } == [["g", "frozen"], ["d"]])
    let chosen = try Self.pair().choosing("optimizer_d").parts
    #expect(chosen.map(\.name) == ["optimizer_d"])
    #expect(chosen.first?.state.variables.map(\.name) == ["d"])
    let plain = TrainingState(origin: Origin("pytorch", .pytorch))
    #expect(plain.parts.map(\.name) == [nil])
  }

  @Test
  func aNameThatIsNotThereIsAnsweredWithThoseThatAre() throws {
    let error = try stateError { _ = try Self.pair().choosing("optimizer") }
    #expect(error?.code == .invalidArgument)
    #expect(error?.expected == "one of optimizer_g, optimizer_d")
    let plain = TrainingState(origin: Origin("pytorch", .pytorch))
    #expect(try errorCode { _ = try plain.choosing("optimizer") } == .invalidArgument)
  }

  @Test
  func whoNeedsOneHearsWhichThereAre() throws {
    let state = try Self.pair()
    let error = try stateError { try state.checkIsOfOneOptimizer() }
    #expect(error?.code == .unsupported)
    #expect(error?.message.contains("optimizer_g, optimizer_d") == true)
    try state.choosing("optimizer_g").checkIsOfOneOptimizer()
    try state.choosing("optimizer_g").withoutOthers.checkIsOfOneOptimizer()
  }

  @Test
  func twoOptimizersOfOneVariableAreRefused() throws {
    var state = try Self.pair()
    try state.checkNames()
    state.optimizers[1].members.append("g")
    let error = try stateError { try state.checkNames() }
    #expect(error?.code == .unsupported)
    #expect(error?.tensor == "g")
    #expect(error?.message.contains("'optimizer_g' and 'optimizer_d'") == true)
    state.optimizers[1].members = ["nowhere"]
    #expect(try errorCode { try state.checkNames() } == .malformed)
    state.optimizers[1] = state.optimizers[0]
    #expect(try errorCode { try state.checkNames() } == .malformed)
  }

  @Test
  func aGroupOfAnotherKindAnswersForItsMembers() throws {
    var state = try Self.pair()
    state.optimizers = []
    state.optimizer = OptimizerRecord(
      kind: "sgd",
      hyperparameters: ["learning_rate": .double(1), "momentum": .double(0.9)],
      groups: [
        ParameterGroup(kind: "adamw", overrides: ["beta1": .double(0.5)], members: ["d"])
      ]
    )
    let resolved = try ResolvedOptimizer(state)
    #expect(resolved.kind(for: "g") == "sgd")
    #expect(resolved.kind(for: "d") == "adamw")
    #expect(resolved.value("momentum", for: "g")?.value == .double(0.9))
    #expect(resolved.value("momentum", for: "d") == nil)
    #expect(resolved.value("beta1", for: "d")?.value == .double(0.5))
    #expect(resolved.value("beta2", for: "d")?.provenance == .standard)
    #expect(resolved.value("beta2", for: "g") == nil)
  }
}
