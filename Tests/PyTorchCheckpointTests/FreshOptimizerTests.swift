import OptimizerCore
import TestSupport
import Tensors
import Testing
import TrainingState

@testable import PyTorchCheckpoint

/// What a `.pt` that is made for a state of another framework says of its optimizer.
@Suite("FreshOptimizer")
struct FreshOptimizerTests {
  private static let names = ["dense/kernel", "dense/bias", "norm/gamma"]

  /// A state with Adam's moments, as it is after it was written to a `.pt` and read again.
  private func written(
    _ record: OptimizerRecord,
    notes: Notes = Notes()
  ) throws -> TrainingState {
    let directory = try TemporaryDirectory()
    let state = TrainingState(
      variables: try Self.names.map { name in
        let tensor = { StateTensor($0, try floats([1, 2, 3, 4], [4])) }
        return Variable(
          name,
          value: try tensor(name),
          slots: [
            Slot(.firstMoment, try tensor("\(name)/m")),
            Slot(.secondMoment, try tensor("\(name)/v")),
          ]
        )
      },
      globalStep: GlobalStep(3),
      optimizer: record,
      origin: Origin(recorded: "keras-h5")
    )
    try PyTorchWriter.write(state, to: directory("s.pt"), options: WriteOptions(note: notes.add))
    // Groups change the numbers; here they do not change the order.
    let options = ReadOptions(parameterNames: Self.names)
    return try PyTorchReader.read(directory("s.pt"), options: options)
  }

  private func decay(of name: String, in state: TrainingState) throws -> Double {
    let record = try #require(state.optimizer)
    let group = record.groups.first { $0.members.contains(name) }
    return try #require(
      (group?.overrides["weight_decay"] ?? record.hyperparameters["weight_decay"])?.number
    )
  }

  @Test
  func onlyWhatThePatternNamesDecays() throws {
    let spec = "keras_bert_adamw:learning_rate=0.1,weight_decay=0.25,weight_decay_pattern=[kernel]"
    let notes = Notes()
    let state = try written(try OptimizerRecord(spec: spec), notes: notes)
    #expect(try Self.names.map { try decay(of: $0, in: state) } == [0.25, 0, 0])
    // keras-bert's optimizer corrects its bias, BERT's own does not.
    #expect(!notes.all.contains { $0.contains("corrects no bias") })
  }

  @Test
  func exclusionsHoldInsideOfGroups() throws {
    var record = try OptimizerRecord(
      spec: "bert_adamw:learning_rate=0.1,weight_decay=0.25,exclude_from_weight_decay=[gamma;bias]"
    )
    record.groups = [
      ParameterGroup(
        overrides: ["learning_rate": .double(0.5)],
        members: ["dense/kernel", "dense/bias"]
      )
    ]
    let notes = Notes()
    let state = try written(record, notes: notes)
    #expect(try Self.names.map { try decay(of: $0, in: state) } == [0.25, 0, 0])
    #expect(notes.all.contains { $0.contains("corrects no bias") })
  }

  @Test
  func twoDecaysAreRefused() throws {
    let record = try OptimizerRecord(spec: "adamw:learning_rate=0.1,weight_decay=0.25,l2=0.5")
    #expect(try errorCode { _ = try written(record) } == .unsupported)
  }

  /// Adam and AdamW are one class whose mark tells them, also where nothing decays.
  @Test(arguments: [
    ("adam:learning_rate=0.1", "adam"), ("adamw:learning_rate=0.1,weight_decay=0", "adamw"),
    ("adam:learning_rate=0.1,l2=0.5", "adam"), ("adam:learning_rate=0.1,weight_decay=0.5", "adamw"),
    ("bert_adamw:learning_rate=0.1", "adamw"), ("keras_bert_adamw:learning_rate=0.1", "adamw"),
  ])
  func kindsStayWhatTheyAre(_ spec: String, _ kind: String) throws {
    let notes = Notes()
    let record = try OptimizerRecord(spec: spec)
    #expect(try written(record, notes: notes).optimizer?.kind == kind)
    let isTold = notes.all.contains { $0.contains("PyTorch has no '\(record.kind)'") }
    #expect(isTold == record.kind.hasSuffix("bert_adamw"))
  }

  @Test
  func settingsWithoutAPlaceAreNamed() throws {
    let notes = Notes()
    _ = try written(
      try OptimizerRecord(
        spec: "adamw:learning_rate=0.1,global_clip_norm=1,ema_decay=0.5,l1=0.25,clip_value=0"
      ),
      notes: notes
    )
    let note = try #require(notes.all.first { $0.contains("has no place for") })
    for word in ["global_clip_norm 1", "ema_decay 0.5", "l1 0.25"] { #expect(note.contains(word)) }
    // Zero is no bound.
    #expect(!note.contains("clip_value"))
  }
}
