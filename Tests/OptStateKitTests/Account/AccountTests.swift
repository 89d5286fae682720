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
    try StateFormats.write(state.taking(.parameters), to: folder("p.ckpt"), format: "tensorflow")
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

  @Test
  func noRemedyIsAdvisedForWhatIsNotKnown() throws {
    var state = try Sample.adam(step: 5, optimizer: nil)
    for (place, word) in ["AdamW", "adam_m"].enumerated() {
      let numbers = StateTensor(word, try floats([1, .nan, 3, 4], [2, 2]))
      state.variables[place].slots = [Slot(SlotName(rawValue: word), numbers)]
    }
    try StateFormats.write(state, to: folder("model.ckpt-5"), format: "tensorflow")
    let found = try Diagnosis(folder("model.ckpt-5")).findings.filter { $0.code == .nan }
    #expect(found.count == 2)
    #expect(found.allSatisfy { ($0.variable == "dense/kernel") == ($0.remedy == nil) })
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
    #expect(state.taking(.parameters).extras.isEmpty)
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

  @Test(arguments: [("exp_avg", "exp_avg_sq"), ("adam_m", "adam_v")])
  func boundOfAnAssumedOptimizerIsARemark(_ first: String, _ second: String) throws {
    var state = TrainingState(origin: Origin(recorded: "npz"))
    let tensors: [(String, [Float])] = [
      ("w", [1, 1]), ("w.\(first)", [5, 0]), ("w.\(second)", [0.01, 0.01]),
    ]
    for (name, values) in tensors {
      state.variables.append(Variable(name, value: StateTensor(name, try floats(values, [2]))))
    }
    state.globalStep = GlobalStep(5)
    try StateFormats.write(state, to: folder("s.npz"), format: "npz")
    let diagnosis = try Diagnosis(folder("s.npz"))
    let isCertain = first == "adam_m"
    #expect(diagnosis.findings.map(\.code) == (isCertain ? [.momentsDisagree] : []))
    #expect(diagnosis.decays.contains("not known") != isCertain)
  }

  // MARK: What a parser enumerated

  /// Files of formats whose states need more than the sample has.
  private static let files = [
    "keras": Fixtures.root + "/reference/keras/3-adam.keras",
    "keras-h5": Fixtures.root + "/reference/keras/3-adam.h5",
    "keras-weights": Fixtures.root + "/reference/keras/3-adam.weights.h5",
    "orbax": Fixtures.root + "/hostile/orbax/control",
    "tensorflow-object": Fixtures.bundle("objects/ckpt-2"),
  ]

  /// A state just read, with all that its file's parser has found.
  private func read(_ format: String) throws -> TrainingState {
    // One reader takes both layouts of TensorFlow's.
    let name = format == "tensorflow-object" ? "tensorflow" : format
    let reader = try #require(StateFormats.named(name)?.reader)
    if let file = Self.files[format] { return try reader.read(file) }
    let names = [
      "optstate": "s.h5", "tensorflow": "m.ckpt-5", "pytorch": "s.pt",
      "safetensors": "s.safetensors", "npz": "s.npz", "flax": "s.msgpack",
    ]
    let path = folder(names[format] ?? format)
    var state = try Sample.adam(step: 5, optimizer: "adamw:learning_rate=0.001")
    state.naming = nil
    try StateFormats.write(state, to: path, format: format)
    // Safetensors keep no order: in their directories the optimizer's numbers need names.
    let isNumbered = ["accelerate", "huggingface"].contains(format)
    let given = isNumbered ? ["dense/kernel", "dense/bias"] : nil
    return try reader.read(path, options: ReadOptions(parameterNames: given))
  }

  static let formats =
    [
      "optstate", "tensorflow", "pytorch", "safetensors", "npz", "dcp", "flax", "deepspeed",
      "deepspeed-universal", "accelerate", "huggingface",
    ] + files.keys.sorted()

  @Test
  func noFormatIsLeftOut() {
    let readable = Set(StateFormats.all.filter { $0.reader != nil }.map(\.name))
    #expect(Set(Self.formats) == readable.union(["tensorflow-object"]))
  }

  @Test(arguments: formats)
  func whatAReaderLosesIsUnrecognized(_ format: String) throws {
    var state = try read(format)
    #expect(Account(state).unrecognized.isEmpty)
    let all = Account(state).totals
    let place = try #require(state.variables.lastIndex { !$0.slots.isEmpty })
    let lost = try #require(state.variables[place].slots.first?.tensor)
    state.variables[place].slots.removeFirst()
    let account = Account(state)
    let name = lost.place ?? lost.sourceName ?? lost.name
    #expect(account.unrecognized == [name])
    #expect(account.unread == [name])
    // It is in another column, and in no other place.
    let total = { (totals: [Account.Column: (count: Int, bytes: Int)]) in
      totals.values.reduce(0) { $0 + $1.bytes }
    }
    #expect(total(account.totals) == total(all))
    #expect(account.totals[.slot]?.count == (all[.slot]?.count ?? 0) - 1)
    // And it is never changed, nor vouched for, by what cannot see it.
    var change = RecordChange()
    change.step = 0
    #expect(try errorCode { _ = try change.apply(to: state) } == .unsupported)
    #expect(try errorCode { _ = try Reset().apply(to: state) } == .unsupported)
    let debias = Debias(.fold, step: 5, beta1: 0.9, beta2: 0.999, isForced: true)
    #expect(try errorCode { _ = try debias.apply(to: state) } == .unsupported)
    #expect(
      try errorCode { _ = try Averaging.average([state, state], withSlots: true) } == .unsupported
    )
    let resizing = Resizing(rows: 9, fill: .zero, allowsShrinking: false)
    #expect(
      try errorCode { _ = try resizing.apply(to: state) { _ in true } } == .unsupported
    )
  }

  @Test(arguments: ["pytorch", "safetensors", "flax", "dcp"])
  func whatLeavesNoTensorIsClaimed(_ format: String) throws {
    var state = try read(format)
    let claimed = try #require(state.contents)
    var contents = Contents()
    for member in claimed.members { contents.add(member.name, bytes: member.bytes) }
    state.contents = contents
    let names = Account(state).unrecognized
    switch format {
    case "pytorch", "dcp":
      #expect(names.contains { $0.hasSuffix("/param_groups") })
      #expect(names.count { $0.hasSuffix("/step") } == 2)
    case "safetensors": #expect(names.isEmpty)
    default: #expect(names.contains { $0.hasSuffix("count") })
    }
  }

  @Test
  func accountIsOfTheInputWhateverIsDoneWithTheState() throws {
    var state = try read("tensorflow")
    state.variables[0].slots = []
    state.drawUpAccount()
    #expect(state.account.unrecognized.count == 2)
    state.variables = []
    #expect(state.account.unrecognized.count == 2)
    #expect(state.taking(.parameters).account.unrecognized.isEmpty)
  }

  // MARK: What is no state as it stands

  @Test(arguments: [
    ("model-00001-of-00002.safetensors", "index"), ("pytorch_model-00002-of-00003.bin", "index"),
    ("zero_pp_rank_0_mp_rank_00_model_states.pt", "latest"), ("__0_0.distcp", "directory"),
    (".metadata", "directory"),
  ])
  func partIsNotTakenForTheWhole(_ name: String, _ remedy: String) throws {
    try writeFile(folder(name), [1, 2, 3])
    let error = try stateError { _ = try StateFormats.open(folder(name)) }
    #expect(error?.code == .unsupported)
    #expect(error?.remedy?.contains(remedy) == true)
  }

  @Test
  func setOfOneFileIsWhole() throws {
    let path = folder("model-00001-of-00001.safetensors")
    try StateFormats.write(
      try Sample.adam(step: 5, optimizer: nil),
      to: path,
      format: "safetensors"
    )
    #expect(try StateFormats.open(path).state.variables.count == 2)
  }

  @Test(arguments: [
    ("saved_model.pb", "variables/variables"), ("model.ckpt-5.meta", "model.ckpt-5'"),
  ])
  func strangerIsNamedWithTheWayIn(_ name: String, _ remedy: String) throws {
    try writeFile(folder(name), [8, 1])
    let error = try stateError { _ = try StateFormats.open(folder(name)) }
    #expect(error?.code == .unsupported)
    #expect(error?.remedy?.contains(remedy) == true)
  }
}
