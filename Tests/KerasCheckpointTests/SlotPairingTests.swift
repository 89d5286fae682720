import Foundation
import OptimizerCatalog
import OptimizerCore
import Tensors
import TestSupport
import Testing
import TrainingState

@testable import KerasCheckpoint

/// What the framework says of every slot is what the reader finds.
@Suite("SlotPairing")
struct SlotPairingTests {
  @Test(arguments: KerasFiles.reference)
  func everySlotIsItsVariables(_ name: String) throws {
    let state = try KerasFiles.read(KerasFiles.path(name))
    let table = try String(contentsOfFile: KerasFiles.path(name + ".slots.tsv"), encoding: .utf8)
    let rows = table.split(separator: "\n").dropFirst()
      .map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
    let kind = state.optimizer?.kind
    let words = SlotVocabulary(KerasFamily.allCases.flatMap(\.dialects))
    let present = Set(rows.map { $0[1] })
    for row in rows {
      let slot = try #require(words.slot(row[1], of: kind, isPresent: present.contains))
      let variable = try #require(state.variables.first { $0.name == row[0] }, "\(row[0])")
      let tensor = try #require(variable[slot], "\(row[0]) \(slot)").tensor.tensor
      #expect(tensor.shape.dimensions == row[2].split(separator: ",").compactMap { Int($0) })
      let bytes = try tensor.bytes()
      let hexadecimal = bytes.map { String(format: "%02x", $0) }.joined()
      #expect(hexadecimal == row[3], "\(row[0]) \(slot)")
    }
    #expect(!rows.isEmpty)
    #expect(state.variables.reduce(0) { $0 + $1.slots.count } == rows.count)
    #expect(state.globalStep?.value == 2)
  }

  private static let readings: [(kind: String?, slots: Int, given: String?, names: [SlotName])] = [
    ("sgd", 1, nil, ["slot_1"]), ("sgd", 1, "sgd:momentum=0.9", [.momentum]),
    ("sgd", 1, "sgd:ema_decay=0.99", [.average]), ("sgd", 1, "sgd", ["slot_1"]),
    ("sgd", 1, "rmsprop:momentum=0.9", ["slot_1"]),
    ("sgd", 1, "sgd:accumulation_steps=2", [.gradientAccumulator]),
    ("rmsprop", 1, nil, [.meanSquare]), ("rmsprop", 2, nil, ["slot_1", "slot_2"]),
    ("rmsprop", 2, "rmsprop:centered=true", [.meanSquare, .meanGradient]),
    ("rmsprop", 2, "rmsprop:ema_decay=0.99", [.average, .meanSquare]),
    ("adagrad", 2, nil, ["slot_1", .accumulator]),
    (nil, 1, nil, ["slot_1"]), (nil, 1, "lion", [.momentum]),
  ]

  /// Where a list may be several things, a slot has a name if it has it in all of them.
  @Test(arguments: readings.indices)
  func onlyWhatAllReadingsShareHasAName(_ number: Int) throws {
    let (kind, count, given, names) = Self.readings[number]
    let shape = try Shape([2, 3])
    let list = try (0...count).map { place in
      let kept: Shape = place == 0 ? .scalar : shape
      return StateTensor(
        "optimizer/vars/\(place + 1)",
        try Tensor(.float32, kept, bytes: [UInt8](repeating: 0, count: 4 * kept.elementCount))
      )
    }
    let pairing = OrderPairing(
      [SlotOwner(name: "w", shape: shape, isTrainable: true)],
      .keras3,
      kind: kind,
      config: nil,
      given: try given.map { try OptimizerRecord(spec: $0) }
    )
    #expect(try pairing.pairs(list).names == names)
  }

  @Test(arguments: KerasFiles.reference + ["tf-weights.h5"])
  func aStateComesBackAsItWas(_ name: String) throws {
    let directory = try TemporaryDirectory()
    let state = try KerasFiles.read(KerasFiles.path(name))
    let copy = directory(String(name.drop { $0 != "." }))
    try KerasFiles.write(state, to: copy)
    let again = try KerasFiles.read(copy)
    #expect(again.attributes == state.attributes)
    #expect(again.optimizer == state.optimizer)
    #expect(again.schedule == state.schedule)
    let (found, wanted) = (again.allTensors, state.allTensors)
    #expect(found.map(\.name) == wanted.map(\.name))
    #expect(found.map(\.sourceName) == wanted.map(\.sourceName))
    #expect(found.map(\.index) == wanted.map(\.index))
    for (one, other) in zip(found, wanted) {
      #expect(one.tensor.shape == other.tensor.shape)
      #expect(try one.tensor.bytes() == other.tensor.bytes(), "\(other.name)")
    }
  }
}
