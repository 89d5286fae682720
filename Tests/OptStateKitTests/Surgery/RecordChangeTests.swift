import OptStateKit
import TestSupport
import Testing

@Suite("RecordChange")
struct RecordChangeTests {
  private static let schedules = [
    ("bert:learning_rate=1e-3,num_train_steps=100,num_warmup_steps=8", "num_train_steps"),
    ("hf_linear:learning_rate=1e-3,num_training_steps=100", "num_training_steps"),
    ("keras_bert:learning_rate=1e-3,decay_steps=100", "decay_steps"),
  ]

  @Test(arguments: schedules)
  func scheduleIsExtended(spec: String, key: String) throws {
    var source = try Sample.adam()
    source.schedule = try ScheduleRecord(spec: spec)
    var change = RecordChange()
    change.trainSteps = 400
    let state = try change.apply(to: source)
    #expect(state.schedule?.parameters[key] == .int(400))
    #expect(state.schedule?.kind == source.schedule?.kind)
    let (before, after) = (try source.nextLearningRate() ?? 0, try state.nextLearningRate() ?? 0)
    #expect(after > before)
  }

  @Test func flagsWithoutAScheduleMakeBERTs() throws {
    var change = RecordChange()
    change.trainSteps = 100
    #expect(try errorCode { _ = try change.apply(to: Sample.adam()) } == .invalidArgument)
    change.learningRate = 1e-3
    let state = try change.apply(to: Sample.adam(optimizer: nil))
    #expect(state.schedule?.kind == "bert")
    #expect(state.optimizer?.kind == "bert_adamw")
    #expect(try state.nextLearningRate() == 8e-4)
  }

  @Test func recordedResetKeepsItsAge() throws {
    var (source, _) = try Reset().apply(to: Sample.adam(step: 15)) { $0 == "dense/bias" }
    source.globalStep?.value = 20
    var change = RecordChange()
    change.step = 100
    let state = try change.apply(to: source)
    #expect(state.globalStep?.value == 100)
    #expect(state.variables.map(\.slotsStart) == [0, 95])
  }

  @Test func stepIsMadeWhereThereIsNone() throws {
    var change = RecordChange()
    change.step = 7
    #expect(try change.apply(to: Sample.adam(step: nil)).globalStep?.value == 7)
    let counted = try change.apply(to: Sample.adam(step: nil, steps: [1, 2]))
    #expect(counted.variables.map(\.step) == [7, 7])
    #expect(counted.globalStep == nil)
  }
}
