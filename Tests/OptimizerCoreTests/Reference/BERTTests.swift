import Tensors
import Testing

@testable import OptimizerCore

/// The original `create_optimizer` with its schedule, clipping and exclusions.
@Suite("The original BERT optimizer")
struct BERTTests {
  @Test
  func ratesNormsMomentsAndWeightsAreReproduced() throws {
    let recording = Recording.keras
    let bert = try #require(recording.bert)
    let schedule = try Schedule(ScheduleRecord(spec: bert.schedule))
    let record = try OptimizerRecord(
      spec: "bert_adamw:arithmetic=tensorflow,global_clip_norm=1"
    )
    let trainer = try Replay.trainer(record, recording, Float.self, names: bert.names)
    var difference = Difference()
    for (index, after) in bert.after.enumerated() {
      let rate = try schedule.roundedLearningRate(at: Int64(index))
      #expect(rate.bitPattern == bert.rates[index].floats[0].bitPattern)
      let context = try StepContext(step: Int64(index + 1), learningRate: Double(rate))
      let norms = try trainer.update(
        Replay.gradients(recording, index, names: bert.names),
        context,
        clipping: trainer.optimizer.clipping
      )
      #expect(norms?.global.bitPattern == bert.norms[index].floats[0].bitPattern)
      for (ours, name) in bert.names {
        for (key, bits) in after[ours] ?? [:] { difference.add(trainer[name, key], bits.floats) }
      }
    }
    #expect(difference.elements > 0 && difference.differing == 0, "\(difference)")
  }

  @Test
  func lateReadingIsTheNextStepsEarlyReading() throws {
    let spec = "bert:learning_rate=0.001,num_train_steps=100,num_warmup_steps=10"
    let before = try Schedule(ScheduleRecord(spec: spec))
    let after = try Schedule(ScheduleRecord(spec: spec + ",step_reading=after"))
    for step in Int64(0)..<120 {
      let (early, late) = (
        try before.roundedLearningRate(at: step + 1), try after.roundedLearningRate(at: step)
      )
      #expect(early.bitPattern == late.bitPattern)
    }
    #expect(try before.roundedLearningRate(at: 0) == 0)
    #expect(before.end == 100 && after.end == 99)
  }
}
