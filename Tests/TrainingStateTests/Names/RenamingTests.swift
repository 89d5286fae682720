import OptimizerCore
import Tensors
import TestSupport
import Testing

@testable import TrainingState

@Suite("Renaming")
struct RenamingTests {
  private static let map = """
    {"naming_map": 1, "from": "a", "to": "b", "variables": [
      {"from": "second/kernel", "to": "second.weight", "transpose": true},
      {"from": "first/bias", "to": "first.weight", "tied": ["tied.weight"]}],
     "left_out": {"to": ["buffer"]}}
    """

  private static func maps() throws -> NamingMap { try NamingMap(json: Array(map.utf8)) }

  private static func tensor(_ name: String, _ dimensions: [Int]) throws -> StateTensor {
    let shape = try Shape(dimensions)
    let bytes = (0..<shape.elementCount).map { UInt8(truncatingIfNeeded: $0 + name.utf8.count) }
    return StateTensor(
      name,
      try Tensor(.uint8, shape, bytes: bytes),
      sourceName: "source/\(name)",
      index: 7
    )
  }

  private static func state() throws -> TrainingState {
    let kernel = Variable(
      "second/kernel",
      value: try tensor("second/kernel", [2, 3]),
      slots: [
        Slot(.firstMoment, try tensor("m", [2, 3])), Slot(.factoredRow, try tensor("r", [2])),
        Slot("scalar", try tensor("s", [])),
      ],
      step: 5
    )
    let bias = Variable("first/bias", value: try tensor("first/bias", [3]))
    let other = Variable("other", value: try tensor("other", [1]))
    var state = TrainingState(variables: [other, bias, kernel], origin: Origin(recorded: "test"))
    state.globalStep = GlobalStep(9)
    return state
  }

  @Test func namesSlotsAndOrderFollowTheMap() throws {
    let renaming = try Renaming(Self.state(), by: Self.maps().forward, addsTied: false)
    let state = renaming.state
    #expect(state.variables.map(\.name) == ["second.weight", "first.weight", "other"])
    #expect(renaming.kept == ["other"])
    #expect(state.naming == "b")
    #expect(state.globalStep?.value == 9)
    let kernel = state.variables[0]
    #expect(kernel.step == 5)
    #expect(kernel.value?.sourceName == nil && kernel.value?.index == nil)
    #expect(try kernel.value?.tensor.bytes() == [13, 16, 14, 17, 15, 18])
    #expect(kernel[.firstMoment]?.tensor.tensor.shape == (try Shape([3, 2])))
    #expect(kernel[.factoredColumn] != nil && kernel[.factoredRow] == nil)
    #expect(kernel["scalar"]?.tensor.tensor.shape == .scalar)
  }

  @Test func theWayBackGivesTheSameBytes() throws {
    let there = try Renaming(Self.state(), by: Self.maps().forward, addsTied: true).state
    #expect(there.variables.contains { $0.name == "tied.weight" && $0.slots.isEmpty })
    let back = try Renaming(there, by: Self.maps().reversed, addsTied: false)
    #expect(back.tied.map(\.copy.name) == ["tied.weight"])
    let original = try Self.state().variables.first { $0.name == "second/kernel" }
    let returned = back.state.variables.first { $0.name == "second/kernel" }
    #expect(try returned?.value?.tensor.bytes() == original?.value?.tensor.bytes())
    #expect(returned?[.factoredRow] != nil)
  }

  @Test func buffersWithoutCounterpartAreNamed() throws {
    var state = try Self.state()
    state.variables = [Variable("buffer", value: try Self.tensor("buffer", [1]))]
    let renaming = try Renaming(state, by: Self.maps().reversed, addsTied: false)
    #expect(renaming.leftOut == ["buffer"] && renaming.state.variables.isEmpty)
  }

  @Test func aSecondNameWithoutItsTensorIsRefused() throws {
    var state = try Self.state()
    state.variables = [Variable("tied.weight", value: try Self.tensor("t", [3]))]
    let code = try errorCode {
      _ = try Renaming(state, by: Self.maps().reversed, addsTied: false)
    }
    #expect(code == .malformed)
  }

  @Test func whatIsNoMatrixIsNotTurned() throws {
    var state = try Self.state()
    state.variables = [Variable("second/kernel", value: try Self.tensor("k", [2, 3, 4]))]
    let code = try errorCode { _ = try Renaming(state, by: Self.maps().forward, addsTied: false) }
    #expect(code == .malformed)
  }

  @Test func twoVariablesMayNotGetOneName() throws {
    var state = try Self.state()
    state.variables.append(Variable("second.weight", value: try Self.tensor("w", [1])))
    let code = try errorCode { _ = try Renaming(state, by: Self.maps().forward, addsTied: false) }
    #expect(code == .malformed)
  }

  @Test func weightDecayThatNamesDecideStaysAsItWas() throws {
    var state = try Self.state()
    state.optimizer = OptimizerRecord(
      kind: "bert_adamw",
      hyperparameters: ["learning_rate": .double(1e-3)],
      groups: [ParameterGroup(overrides: ["learning_rate": .double(2)], members: ["first/bias"])]
    )
    let record = try #require(
      try Renaming(state, by: Self.maps().forward, addsTied: false).state.optimizer
    )
    // "bias" is no part of the new name any more, so that the pattern would miss it.
    #expect(record.hyperparameters["exclude_from_weight_decay"] == .strings([]))
    #expect(record.groups.map(\.members) == [["first.weight"]])
    #expect(record.groups[0].overrides["weight_decay"] == .double(0))
    #expect(record.groups[0].overrides["learning_rate"] == .double(2))
  }

  @Test func patternsThatStillFitAreKept() throws {
    var state = try Self.state()
    state.optimizer = OptimizerRecord(
      kind: "adamw",
      hyperparameters: ["exclude_from_weight_decay": .strings(["^first"])]
    )
    let record = try Renaming(state, by: Self.maps().forward, addsTied: false).state.optimizer
    #expect(record == state.optimizer)
  }

  private static func convolution(_ slots: [Slot]) throws -> TrainingState {
    let kernel = Variable("k", value: try tensor("k", [2, 2, 3, 4]), slots: slots)
    return TrainingState(variables: [kernel], origin: Origin(recorded: "test"))
  }

  private static func permuting(_ axes: String) throws -> NamingMap {
    let json = """
      {"naming_map": 1, "from": "a", "to": "b",
       "variables": [{"from": "k", "to": "w", "permute": \(axes)}]}
      """
    return try NamingMap(json: Array(json.utf8))
  }

  @Test func axesArePermutedThereAndBack() throws {
    let moment = Slot(.firstMoment, try Self.tensor("m", [2, 2, 3, 4]))
    let state = try Self.convolution([moment])
    let map = try Self.permuting("[3, 2, 0, 1]")
    let there = try Renaming(state, by: map.forward, addsTied: false).state
    let turned = try #require(there.variables[0][.firstMoment]?.tensor.tensor)
    #expect(turned.shape == (try Shape([4, 3, 2, 2])))
    // [out, in, y, x] of the target is [y, x, in, out] of the source: 3, 1, 1, 0 of 4, 3, 2, 2 and 1, 0, 1, 3.
    let bytes = try turned.bytes()
    let own = try moment.tensor.tensor.bytes()
    #expect(bytes[42] == own[31])
    let back = try Renaming(there, by: map.reversed, addsTied: false).state
    #expect(try back.variables[0][.firstMoment]?.tensor.tensor.bytes() == own)
    #expect(try back.variables[0].value?.tensor.bytes() == state.variables[0].value?.tensor.bytes())
  }

  @Test func factoredMomentsFollowTheirAxesOrAreRefused() throws {
    let slots = [
      Slot(.factoredRow, try Self.tensor("r", [2, 2, 3])),
      Slot(.factoredColumn, try Self.tensor("c", [2, 2, 4])),
    ]
    let state = try Self.convolution(slots)
    let turned = try Renaming(state, by: Self.permuting("[1, 0, 3, 2]").forward, addsTied: false)
      .state.variables[0]
    #expect(turned[.factoredColumn]?.tensor.tensor.shape == (try Shape([2, 2, 3])))
    #expect(turned[.factoredRow]?.tensor.tensor.shape == (try Shape([2, 2, 4])))
    #expect(try turned[.factoredRow]?.tensor.tensor.bytes().prefix(5) == [1, 2, 3, 4, 9])
    let error = try stateError {
      _ = try Renaming(state, by: Self.permuting("[3, 2, 0, 1]").forward, addsTied: false)
    }
    #expect(error?.code == .unsupported && error?.tensor == "k/factored_row")
  }

  @Test(arguments: ["[0, 0]", "[1, 2]", "[3, 2, 0]"])
  func axesThatAreNoOrderAreRefused(_ axes: String) throws {
    #expect(try errorCode { _ = try Self.permuting(axes) } == .malformed)
  }

  @Test func axesOfAnotherRankAreRefused() throws {
    let code = try errorCode {
      _ = try Renaming(
        Self.convolution([]),
        by: Self.permuting("[2, 1, 0]").forward,
        addsTied: false
      )
    }
    #expect(code == .malformed)
  }
}
