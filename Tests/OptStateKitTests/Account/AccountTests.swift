import OptStateKit
import TestSupport
import Testing

/// What is not known is said to be: in the account, by doctor, by what would have to change it.
@Suite("Account")
struct AccountTests {
  private let folder: TemporaryDirectory

  init() throws {
    folder = try TemporaryDirectory()
  }

  /// A checkpoint of TensorFlow's with slots of an optimizer that no entry has.
  private func checkpoint(_ words: [String]) throws -> String {
    var state = try Sample.adam(step: 5, optimizer: nil)
    for place in state.variables.indices {
      let old = state.variables[place].slots
      state.variables[place].slots = zip(words, old).map { word, slot in
        Slot(SlotName(rawValue: word), slot.tensor)
      }
    }
    let path = folder("model.ckpt-5")
    try StateFormats.write(state, to: path, format: "tensorflow")
    return path
  }

  @Test(arguments: [["AdamW", "AdamW_1"], ["AddSign", "Lookahead"], ["m", "v"]])
  func slotsOfAnUnknownOptimizerAreNoParameters(_ words: [String]) throws {
    let path = try checkpoint(words)
    let state = try StateFormats.open(path).state
    #expect(state.variables.map(\.name) == ["dense/bias", "dense/kernel"])
    let names = words.map { "slot_\($0)" }
    #expect(state.variables.allSatisfy { Set($0.slots.map(\.name.rawValue)) == Set(names) })
    let account = Account(state)
    #expect(account.unrecognized.count == 4)
    #expect(account.totals[.parameter]?.count == 2)
    #expect(account.totals[.slot] == nil)
    let diagnosis = try Diagnosis(path)
    #expect(diagnosis.findings.map(\.code) == [.unrecognizedState])
    #expect(diagnosis.findings.first?.evidence.contains(names[0]) == true)
    // What is to be published has none of it, and the way back has every byte.
    try StateFormats.write(try state.stripped(), to: folder("p.ckpt"), format: "tensorflow")
    let published = try StateFormats.open(folder("p.ckpt")).state
    #expect(published.variables.allSatisfy { $0.slots.isEmpty })
    #expect(published.allTensors.count == 2)
    try StateFormats.write(state, to: folder("s.h5"), format: "optstate")
    let stored = try StateFormats.open(folder("s.h5")).state
    try StateFormats.write(stored, to: folder("b/model.ckpt-5"), format: "tensorflow")
    for suffix in [".index", ".data-00000-of-00001"] {
      #expect(try readFile(path + suffix) == readFile(folder("b/model.ckpt-5" + suffix)))
    }
  }

  private func state(extra name: String) throws -> TrainingState {
    var state = try Sample.adam(step: nil, optimizer: nil)
    for place in state.variables.indices { state.variables[place].slots = [] }
    state.extras = [StateTensor(name, try floats([1], [1]))]
    return state
  }

  static let optimizers = [
    "optimizer/state.0.weight.exp_avg", "files/optimizer.bin", "optimizer_g/state", "optim/x",
    "a/b.exp_avg_sq", "generator_optimizer/k",
  ]

  @Test(arguments: optimizers)
  func unreadOptimizerIsNotChangedInSilence(_ name: String) throws {
    let state = try state(extra: name)
    #expect(Account(state).unrecognized == [name])
    var change = RecordChange()
    change.step = 0
    #expect(try errorCode { _ = try change.apply(to: state) } == .unsupported)
    #expect(try errorCode { _ = try Reset(step: .set(0)).apply(to: state) } == .unsupported)
    // A whole file is left out; what is part of an object cannot be.
    if name.hasPrefix("files/") {
      #expect(try state.stripped().extras.isEmpty)
    } else {
      #expect(try errorCode { _ = try state.stripped() } == .unsupported)
    }
    #expect(state.taking(.parameters).variables.count == 2)
  }

  @Test(arguments: [
    "~pickle", "optimizer.pt/~record/version", "files/config.json", "optimal/x", "exp",
  ])
  func whatIsNoOptimizersIsCarriedAlong(_ name: String) throws {
    let account = Account(try state(extra: name))
    #expect(account.unrecognized.isEmpty)
    #expect(account.totals[.carried]?.count == 1)
  }

  @Test
  func stateWithoutSlotsAndStepHasNothingToResume() throws {
    var state = try state(extra: "x")
    state.extras = []
    try StateFormats.write(state, to: folder("p.ckpt"), format: "tensorflow")
    #expect(try Diagnosis(folder("p.ckpt")).findings.map(\.code) == [.nothingToResume])
  }

  @Test
  func everyTensorIsInOneColumn() throws {
    let state = try StateFormats.open(Fixtures.tensorFlow("2.21.0/bert/model.ckpt-20")).state
    let totals = Account(state).totals
    #expect(totals[.parameter]?.count == 46)
    #expect(totals[.slot]?.count == 92)
    #expect(totals[.step]?.count == 1)
    #expect(totals.values.reduce(0) { $0 + $1.count } == 139)
    #expect(totals[.slot]?.bytes == 2 * (totals[.parameter]?.bytes ?? 0))
  }
}
