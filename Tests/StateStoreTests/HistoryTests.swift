import HDF5
import Tensors
import TestSupport
import Testing
import TrainingState

@testable import StateStore

@Suite("Histories in a store")
struct HistoryTests {
  private static let histories: [SlotHistory] = [
    SlotHistory(), SlotHistory(start: 20), SlotHistory(start: -7),
    SlotHistory(start: 0, isFolded: true),
    SlotHistory([
      .init(firstRow: 0, start: 3, isFolded: true), .init(firstRow: 2, start: 9),
      .init(firstRow: 3, start: .max, isFolded: true),
    ]) ?? SlotHistory(),
  ]

  /// R42, R43.
  @Test(arguments: histories)
  func historyComesBack(_ history: SlotHistory) throws {
    let slot = Slot(
      .firstMoment,
      StateTensor("w/adam_m", try floats([1, 2, 3, 4])),
      history: history
    )
    let state = TrainingState(
      variables: [Variable("w", value: StateTensor("w", try floats([1, 2, 3, 4])), slots: [slot])],
      origin: Origin(recorded: "test")
    )
    #expect(try stored(state).variables[0].slots[0].history == history)
  }

  /// R44.
  @Test(arguments: [
    ["since": HDF5Value.integers([0])], ["since": .integers([1, 5])],
    ["since": .integers([0, 5, 0, 6])], ["since": .integers([0, 5, 3, 6, 2, 7])],
    ["since": .integers([])], ["since": .integer(5)], ["since": .reals([0, 5])],
    ["folded": .integers([0])], ["since": .integers([0, 5]), "folded": .integers([1])],
    ["since": .integers([0, 5]), "folded": .text("yes")], ["since": .integers([0, 5, 4, 6])],
    ["since": .integers([0, 5, .max, 6])],
  ])
  func contradictionIsRefused(_ attributes: [String: HDF5Value]) throws {
    #expect(try errorCode { _ = try SlotHistory(attributes, rows: 4) } == .malformed)
  }
}
