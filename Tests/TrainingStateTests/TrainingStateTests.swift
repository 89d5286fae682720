import OptimizerCore
import Tensors
import TestSupport
import Testing
import TrainingState

@Suite("TrainingState")
struct TrainingStateTests {
  private func tensor(_ name: String) throws -> StateTensor {
    StateTensor(name, try floats([1, 2]), sourceName: "source/\(name)", index: 3)
  }

  @Test
  func everyTensorIsListedUnderTheNameThatMessagesUse() throws {
    let state = TrainingState(
      variables: [
        Variable("a", value: try tensor("x"), slots: [Slot(.firstMoment, try tensor("y"))]),
        Variable("b", value: nil, slots: [Slot(.momentum, try tensor("z"))]),
      ],
      globalStep: GlobalStep(7),
      optimizerTensors: [try tensor("beta1_power")],
      extras: [try tensor("graph")],
      origin: Origin(recorded: "test")
    )
    let all = state.allTensors
    #expect(
      all.map(\.name) == ["a", "a/adam_m", "b/momentum", "global_step", "beta1_power", "graph"]
    )
    #expect(all[0].sourceName == "source/x")
    #expect(all[0].index == 3)
  }

  @Test
  func emptyStateHasNoTensors() {
    #expect(TrainingState(origin: Origin(recorded: "test")).allTensors.isEmpty)
  }

  @Test
  func slotIsFoundByItsNameAndTheFirstOneWins() throws {
    let variable = Variable(
      "a",
      value: nil,
      slots: [
        Slot(.momentum, try tensor("first")), Slot(.momentum, try tensor("second")),
        Slot("my_slot", try tensor("third")),
      ]
    )
    #expect(variable[.momentum]?.tensor.name == "first")
    #expect(variable["my_slot"]?.tensor.name == "third")
    #expect(variable[.firstMoment] == nil)
  }

  @Test
  func copyOfAStateIsIndependent() throws {
    let state = TrainingState(
      variables: [Variable("a", value: try tensor("a"))],
      origin: Origin(recorded: "test")
    )
    var copy = state
    copy.variables[0].name = "b"
    copy.variables[0].value?.index = 9
    #expect(state.variables[0].name == "a")
    #expect(state.variables[0].value?.index == 3)
  }

  @Test
  func namesThatStandForTwoThingsAreRefused() throws {
    let (composed, decomposed) = ("\u{E9}", "e\u{301}")
    func slot(_ name: String) throws -> Slot { Slot(SlotName(rawValue: name), try tensor("x")) }
    func state(
      _ variables: [Variable],
      extras: [String] = [],
      groups: [[String]] = []
    ) throws -> TrainingState {
      TrainingState(
        variables: variables,
        optimizer: OptimizerRecord(kind: "sgd", groups: groups.map { ParameterGroup(members: $0) }),
        extras: try extras.map(tensor),
        origin: Origin(recorded: "test")
      )
    }
    let slots = [try slot(composed), try slot(decomposed)]
    try state(
      [
        Variable(composed, value: nil, slots: slots),
        Variable(decomposed, value: nil, slots: slots),
      ],
      extras: [composed, decomposed, "a"],
      groups: [[composed, "gone"], [decomposed, "a"]]
    ).checkNames()
    let contradictions = [
      try state([Variable("a", value: nil), Variable("a", value: nil)]),
      try state([Variable("b", value: nil), Variable("a", value: nil, slots: slots + slots)]),
      try state([], extras: ["a", "b", "a"]),
      try state([], groups: [["a", "b", "a"]]),
      try state([], groups: [["a"], ["b", "a"]]),
    ]
    for contradiction in contradictions {
      #expect(try errorCode { try contradiction.checkNames() } == .malformed)
    }
  }
}
