import ByteIO
import Foundation
import OptimizerCore
import Synchronization
import Tensors
import TestSupport
import Testing
import TrainingState

@testable import KerasCheckpoint

/// Configurations become records, and changed records become configurations.
@Suite("OptimizerConfig")
struct RecordTests {
  private func config(_ text: String) throws -> OptimizerConfig {
    let tree = try JSONTree.parse(Array(text.utf8), "a test")
    return try #require(OptimizerConfig(training: tree))
  }

  @Test
  func kerasBERTHasItsScheduleInside() throws {
    let config = try config(
      """
      {"optimizer_config": {"class_name": "AdamWarmup", "config": {"name": "AdamWarmup", \
      "decay_steps": 100.0, "warmup_steps": 10.0, "min_lr": 1e-05, "learning_rate": 0.001, "decay": 0.0, \
      "beta_1": 0.9, "beta_2": 0.999, "weight_decay": 0.01, "epsilon": 1e-07, "amsgrad": false}}}
      """
    )
    let record = config.record(.legacy)
    #expect(record.kind == "keras_bert_adamw")
    #expect(record.hyperparameters["weight_decay"] == .double(0.01))
    _ = try Optimizer(record)
    let schedule = try Schedule(#require(config.schedule))
    #expect(schedule.record.kind == "keras_bert")
    #expect(try schedule.learningRate(at: 4) == 0.0005)
  }

  @Test
  func aFreshConfigurationHasKerasWords() throws {
    var state = TrainingState(origin: Origin(recorded: "pytorch"))
    state.optimizer = try OptimizerRecord(
      spec: "adafactor:learning_rate=0.5,decay_exponent=0.75,epsilon1=0.25,clip_threshold=2,"
        + "ema_decay=0.5,accumulation_steps=4"
    )
    let tree = try #require(OptimizerClass.training(state))
    let settings = try #require(tree.at(["optimizer_config", "config"]))
    let wanted = [
      "beta_2_decay": -0.75, "epsilon_1": 0.25, "clipping_threshold": 2, "ema_momentum": 0.5,
      "gradient_accumulation_steps": 4, "learning_rate": 0.5,
    ]
    for (word, number) in wanted { #expect(settings[word]?.number == number, "\(word)") }
    #expect(try #require(OptimizerConfig(training: tree)).record(.legacy).kind == "adafactor")
  }

  @Test
  func bert4KerasIsKnownByItsValues() throws {
    let config = try config(
      """
      {"optimizer_config": {"class_name": "Mine", "config": {"name": "Adam", "learning_rate": 0.01, \
      "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-06, "bias_correction": false, \
      "weight_decay_rate": 0.01, "exclude_from_weight_decay": ["norm"], "grad_accum_steps": 2, \
      "lr_schedule": {"4": 1, "10": 0.1}}}}
      """
    )
    let record = config.record(.legacy)
    #expect(record.kind == "adamw")
    #expect(record.hyperparameters["bias_correction"] == .string("none"))
    #expect(record.hyperparameters["exclude_from_weight_decay"] == .strings(["norm"]))
    #expect(record.hyperparameters["accumulation_steps"] == .int(2))
    _ = try Optimizer(record)
    #expect(try Schedule(#require(config.schedule)).learningRate(at: 4) == 0.01)
  }

  @Test(arguments: ["3-adam.keras", "tf-new-adam.h5", "tf-legacy-adam.h5"])
  func unchangedRecordsLeaveTheTextAlone(_ name: String) throws {
    let directory = try TemporaryDirectory()
    let state = try KerasFiles.read(KerasFiles.path(name))
    let copy = directory(String(name.drop { $0 != "." }))
    try KerasFiles.write(state, to: copy)
    let texts = try [state, KerasFiles.read(copy)].map { state in
      try state.extras.filter { $0.index == nil && $0.sourceName == nil }.map {
        try $0.tensor.bytes()
      }
    }
    #expect(texts[0] == texts[1])
  }

  @Test(arguments: ["3-adam.keras", "tf-new-adam.h5", "tf-legacy-adam.h5"])
  func changedValuesAreWritten(_ name: String) throws {
    let directory = try TemporaryDirectory()
    var state = try KerasFiles.read(KerasFiles.path(name))
    state.optimizer?.hyperparameters["learning_rate"] = .double(0.25)
    state.optimizer?.hyperparameters["beta1"] = .double(0.5)
    state.globalStep?.value = 77
    let copy = directory(String(name.drop { $0 != "." }))
    try KerasFiles.write(state, to: copy)
    let again = try KerasFiles.read(copy)
    #expect(again.optimizer?.hyperparameters["learning_rate"] == .double(0.25))
    #expect(again.optimizer?.hyperparameters["beta1"] == .double(0.5))
    #expect(again.globalStep?.value == 77)
    #expect(again.variables.map(\.slots.count) == state.variables.map(\.slots.count))
  }

  @Test
  func aScheduleTakesThePlaceOfTheRate() throws {
    let directory = try TemporaryDirectory()
    var state = try KerasFiles.read(KerasFiles.path("3-adam.keras"))
    state.schedule = ScheduleRecord(
      kind: "polynomial",
      parameters: ["learning_rate": .double(0.01), "decay_steps": .int(50)]
    )
    try KerasFiles.write(state, to: directory("s.keras"))
    let again = try KerasFiles.read(directory("s.keras"))
    #expect(again.schedule == state.schedule)
    #expect(KerasRate.tensor(of: again) == nil)
    #expect(again.variables.map(\.slots.count) == state.variables.map(\.slots.count))
  }

  @Test
  func keras3IsToldThatItsLegacyFilesHoldNoMoments() throws {
    let directory = try TemporaryDirectory()
    let notes = Mutex<[String]>([])
    let state = try KerasFiles.read(KerasFiles.path("3-adam.h5"))
    try KerasFiles.write(state, to: directory("s.h5")) { note in notes.withLock { $0.append(note) }
    }
    #expect(notes.withLock { $0 }.contains { $0.contains("restores no moments") })
  }
}
