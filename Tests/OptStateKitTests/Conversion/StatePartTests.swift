import OptStateKit
import TestSupport
import Testing

@Suite("StatePart")
struct StatePartTests {
  private func state() throws -> TrainingState {
    let tensor = StateTensor("t", try floats([1]))
    return TrainingState(
      variables: [
        Variable("both", value: tensor, slots: [Slot(.momentum, tensor)], step: 3),
        Variable("value", value: tensor), Variable("slots", value: nil, slots: [Slot("s", tensor)]),
      ],
      globalStep: GlobalStep(7),
      optimizerTensors: [tensor],
      optimizer: OptimizerRecord(kind: "adamw"),
      schedule: ScheduleRecord(kind: "constant"),
      extras: [tensor],
      naming: "google-bert",
      origin: Origin(recorded: "test")
    )
  }

  @Test
  func allIsTheStateItself() throws {
    #expect(try Fingerprint(state().taking(.all)) == Fingerprint(state()))
  }

  @Test
  func parametersAreValuesAloneAndWhatNobodyHasAWordFor() throws {
    let part = try state().taking(.parameters)
    #expect(part.variables.map(\.name) == ["both", "value"])
    #expect(part.variables.allSatisfy { $0.slots.isEmpty && $0.step == nil })
    #expect(part.globalStep == nil)
    #expect(part.optimizer == nil)
    #expect(part.schedule == nil)
    #expect(part.optimizerTensors.isEmpty)
    #expect(part.extras.count == 1)
    #expect(part.naming == "google-bert")
  }

  @Test
  func slotsAreWhatTheOptimizerKeeps() throws {
    let part = try state().taking(.slots)
    #expect(part.variables.map(\.name) == ["both", "slots"])
    #expect(part.variables.allSatisfy { $0.value == nil })
    #expect(part.variables.map(\.step) == [3, nil])
    #expect(part.globalStep?.value == 7)
    #expect(part.optimizer?.kind == "adamw")
    #expect(part.schedule?.kind == "constant")
    #expect(part.optimizerTensors.count == 1)
    #expect(part.extras.isEmpty)
  }

  @Test
  func namesAreThoseOfTheCommandLine() {
    #expect(StatePart.allCases.map(\.rawValue) == ["all", "parameters", "slots"])
  }
}
