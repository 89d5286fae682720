import Tensors
import TestSupport
import Testing
import TrainingState

@testable import KerasCheckpoint

/// Lists that fit no order are refused, with the counts and the place where they part.
@Suite("OrderPairing")
struct RefusalTests {
  @Test
  func aListThatEndsEarlyIsRefusedWithBothCounts() throws {
    let error = try stateError { _ = try KerasFiles.read(KerasFiles.hostile("optimizer-short.h5")) }
    #expect(error?.code == .malformed)
    #expect(error?.expected == "6 tensors for 3 variables")
    #expect(error?.found == "5")
    #expect(error?.message.contains("'last/kernel'") == true)
  }

  @Test
  func aListInAnotherOrderIsRefusedAtTheFirstVariable() throws {
    let error = try stateError {
      _ = try KerasFiles.read(KerasFiles.hostile("optimizer-swapped.h5"))
    }
    #expect(error?.code == .malformed)
    #expect(error?.message.contains("'first/kernel'") == true)
    #expect(error?.tensor == "training/Adam/x_0:0")
  }

  @Test(
    arguments: [
      "layers-twice.h5", "layers-more.h5", "layers-none.h5", "weights-more.h5", "weights-twice.h5",
      "optimizer-fewer.h5", "step-is-list.h5", "config-cut.h5", "gap.weights.h5",
      "loss-scale.weights.h5", "config-text.keras", "no-config.keras",
    ]
  )
  func whatContradictsItselfIsMalformed(_ name: String) throws {
    #expect(try errorCode { _ = try KerasFiles.read(KerasFiles.hostile(name)) } == .malformed)
  }

  @Test(arguments: [
    "control.h5", "split-names.h5", "lambda.h5", "control.weights.h5", "control.keras",
  ])
  func whatIsSoundIsRead(_ name: String) throws {
    let state = try KerasFiles.read(KerasFiles.hostile(name))
    #expect(state.variables.map(\.name) == ["first/kernel", "first/bias", "last/kernel"])
    #expect(state.variables.allSatisfy { $0.slots.map(\.name) == [.firstMoment, .secondMoment] })
    #expect(state.globalStep?.value == 3)
  }
}
