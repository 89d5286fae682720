import OptStateKit
import TestSupport
import Testing

@Suite("SlotCreation")
struct SlotCreationTests {
  /// The sample as a release has it, under an optimizer that somebody names.
  private static func bare(_ optimizer: String?) throws -> TrainingState {
    var state = try Sample.adam(optimizer: optimizer)
    for place in state.variables.indices { state.variables[place].slots = [] }
    state.globalStep = nil
    return state
  }

  private static func error(
    _ state: TrainingState,
    _ creation: SlotCreation = SlotCreation()
  ) throws -> StateError? {
    try stateError { _ = try creation.apply(to: state) }
  }

  @Test func whatIsLackingIsMadeAtItsBeginning() throws {
    let (state, report) = try SlotCreation().apply(to: Self.bare("bert_adamw"))
    for variable in state.variables {
      #expect(variable.slots.map(\.name) == [.firstMoment, .secondMoment])
      #expect(try Sample.numbers(state, variable.name, .firstMoment) == [0, 0, 0, 0])
      #expect(try Sample.numbers(state, variable.name) == [1, 2, 3, 4])
    }
    #expect(state.globalStep?.value == 0)
    #expect(report.slots == [.firstMoment: 2, .secondMoment: 2])
    #expect(report.text == "made adam_m 2, adam_v 2 in 2 of 2 variables; step 0 made")
  }

  @Test func whatIsThereStaysAndSelectionCounts() throws {
    var state = try Sample.adam(optimizer: "bert_adamw")
    state.variables[1].slots = []
    let (made, report) = try SlotCreation(step: .set(7)).apply(to: state)
    #expect(try Sample.numbers(made, "dense/kernel", .firstMoment) == Sample.first)
    #expect(try Sample.numbers(made, "dense/bias", .firstMoment) == [0, 0, 0, 0])
    #expect(made.globalStep?.value == 7)
    #expect(report.variables == 1 && report.stepBefore == 20)
    let chosen = try SlotCreation().apply(to: Self.bare("bert_adamw")) { $0.hasSuffix("kernel") }
    #expect(chosen.state.variables.map(\.slots.count) == [2, 0])
  }

  @Test func accumulatorsBeginWhereTheirRecordSays() throws {
    let record = "adagrad:learning_rate=0.1,initial_accumulator_value=0.5"
    let (state, _) = try SlotCreation().apply(to: Self.bare(record))
    #expect(try Sample.numbers(state, "dense/kernel", .accumulator) == [0.5, 0.5, 0.5, 0.5])
  }

  @Test func itMustBeToldForWhom() throws {
    #expect(try Self.error(Self.bare(nil))?.remedy?.contains("--optimizer") == true)
    var unknown = try Self.bare(nil)
    unknown.optimizer = OptimizerRecord(kind: "nobodys")
    #expect(try Self.error(unknown)?.message.contains("nobodys") == true)
  }

  @Test func anothersSlotsAndNothingToMakeAreRefused() throws {
    var state = try Sample.adam(optimizer: "sgd:learning_rate=0.1,momentum=0.9")
    #expect(try Self.error(state)?.message.contains("adam_m") == true)
    state.optimizer = OptimizerRecord(kind: "bert_adamw")
    #expect(try Self.error(state)?.message.contains("lacks a slot") == true)
    let stray = SlotCreation(slots: [.momentum])
    #expect(try Self.error(Self.bare("bert_adamw"), stray)?.message.contains("momentum") == true)
    let early = SlotCreation(step: .set(-1))
    #expect(try Self.error(Self.bare("bert_adamw"), early)?.code == .invalidArgument)
  }
}
