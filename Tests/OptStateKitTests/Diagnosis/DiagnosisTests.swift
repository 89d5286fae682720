import OptStateKit
import TestSupport
import Testing

@Suite("Diagnosis")
struct DiagnosisTests {
  private func diagnosis(_ change: (inout TrainingState) throws -> Void) throws -> Diagnosis {
    try Diagnosis(Fixtures.tensorFlow("2.21.0/bert/model.ckpt-20")) { state in
      var changed = state
      try change(&changed)
      return changed
    }
  }

  private func tensor(_ numbers: [Float], _ shape: [Int]) throws -> Tensor {
    let bytes = numbers.flatMap { number in
      (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * $0)) }
    }
    return try Tensor(.float32, Shape(shape), bytes: bytes)
  }

  @Test func resetSlotsWithARecordAreHealthy() throws {
    let found = try diagnosis { state in
      for index in state.variables.indices where index % 2 == 0 {
        for place in state.variables[index].slots.indices {
          let slot = state.variables[index].slots[place]
          let shape = slot.tensor.tensor.shape
          state.variables[index].slots[place].tensor.tensor = try tensor(
            [Float](repeating: 0, count: shape.elementCount),
            shape.dimensions
          )
          state.variables[index].slots[place].history = SlotHistory(start: 20)
        }
      }
    }
    #expect(found.findings.isEmpty)
  }

  @Test func slotsThatAreNobodysAreNeitherVouchedForNorMissed() throws {
    let slots = try ["optimizer/vars/2", "optimizer/vars/3"].enumerated().map { place, name in
      StateTensor(name, try tensor([1, 2], [2]), index: place + 2)
    }
    let state = TrainingState(
      variables: [Variable("a/bias", value: StateTensor("a/bias", try tensor([1, 2], [2])))],
      globalStep: GlobalStep(5),
      optimizerTensors: slots,
      optimizer: OptimizerRecord(kind: "adam"),
      origin: Origin(recorded: "keras-weights")
    )
    #expect(try diagnosis { $0 = state }.findings.map(\.code) == [.unrecognizedState])
    var bare = state
    bare.optimizerTensors = []
    #expect(try diagnosis { $0 = bare }.findings.map(\.code) == [.missingSlot])
  }

  @Test func factoredSlotsHaveShapesOfTheirOwn() throws {
    let state = TrainingState(
      variables: [
        Variable(
          "a/kernel",
          value: StateTensor("a/kernel", try tensor([1, 2, 3, 4, 5, 6], [2, 3])),
          slots: [
            Slot(.factoredRow, StateTensor("r", try tensor([1, 2], [2]))),
            Slot(.factoredColumn, StateTensor("c", try tensor([1, 2, 3], [1, 3]))),
          ]
        ),
        Variable(
          "a/bias",
          value: StateTensor("a/bias", try tensor([1, 2], [2])),
          slots: [Slot(.secondMoment, StateTensor("v", try tensor([1, 2], [2])))]
        ),
      ],
      globalStep: GlobalStep(5),
      origin: Origin(recorded: "pytorch")
    )
    #expect(try diagnosis { $0 = state }.findings.isEmpty)
    var wrong = state
    wrong.variables[0].slots[0].tensor.tensor = try tensor([1, 2, 3, 4], [4])
    let findings = try diagnosis { $0 = wrong }.findings
    #expect(findings.map(\.code) == [.shapeMismatch])
    #expect(findings.map(\.variable) == ["a/kernel"])
  }

  @Test func statisticsAndWeightsAloneAreHealthy() throws {
    let found = try diagnosis { state in
      for name in ["bert/pooler/dense/moving_mean", "bert/pooler/dense/moving_variance"] {
        state.variables.append(
          Variable(name, value: StateTensor(name, try tensor([0, 0], [2])))
        )
      }
    }
    #expect(found.findings.isEmpty)
    let alone = try diagnosis { state in
      for index in state.variables.indices { state.variables[index].slots = [] }
    }
    #expect(alone.findings.isEmpty)
  }

  @Test func aRecordedOptimizerWithoutAnySlotIsFound() throws {
    let found = try diagnosis { state in
      state.optimizer = OptimizerRecord(kind: "adamw")
      for index in state.variables.indices { state.variables[index].slots = [] }
    }
    #expect(found.findings.map(\.code) == [.missingSlot])
    let descent = try diagnosis { state in
      state.optimizer = OptimizerRecord(kind: "sgd")
      for index in state.variables.indices { state.variables[index].slots = [] }
    }
    #expect(descent.findings.isEmpty)
  }

  @Test func biasesTrainedAloneAreHealthy() throws {
    let found = try diagnosis { state in
      for index in state.variables.indices where !state.variables[index].name.hasSuffix("bias") {
        state.variables[index].slots = []
      }
    }
    #expect(found.findings.isEmpty)
  }

  @Test func commandsQuoteHostileNames() throws {
    let name = "a'b (c)$(reboot)"
    let found = try diagnosis { state in
      state.variables.append(
        Variable(
          name,
          value: StateTensor(name, try tensor([1], [1])),
          slots: [
            Slot(.firstMoment, StateTensor("m", try tensor([.nan], [1]))),
            Slot(.secondMoment, StateTensor("v", try tensor([1], [1]))),
          ]
        )
      )
    }
    let remedy = try #require(found.findings.first?.remedy)
    #expect(remedy.hasSuffix(#"--match '^a'\''b \(c\)\$\(reboot\)$'"#))
  }
}
