import Testing

@testable import OptimizerCore

/// Rates that Keras and BERT's `create_optimizer` gave, in float32.
@Suite("Schedules of the frameworks")
struct ScheduleReferenceTests {
  static let recorded = Recording.keras.schedules ?? []

  @Test(arguments: recorded.indices)
  func ratesAreReproduced(_ index: Int) throws {
    let expected = Self.recorded[index]
    let schedule = try Schedule(ScheduleRecord(spec: expected.spec))
    let found = try expected.steps.map { try schedule.roundedLearningRate(at: $0) }
    let difference = Difference.between(found, expected.rates.floats)
    // TensorFlow's logarithm, power and cosine may each be 1 ULP off; one recorded rate shows it.
    let usesAll = expected.spec == "cosine_restarts:learning_rate=0.1,first_decay_steps=10"
    #expect(difference.differing == (usesAll ? 1 : 0), "\(expected.spec): \(difference)")
    #expect(difference.greatestULP <= 1)
  }

  @Test(arguments: Recording.transformers.indices)
  func transformersRatesAreReproduced(_ index: Int) throws {
    let expected = Recording.transformers[index]
    let schedule = try Schedule(ScheduleRecord(spec: expected.spec))
    let found = try expected.steps.map { try schedule.learningRate(at: $0) }
    let difference = Difference.between(found, expected.rates.doubles)
    #expect(difference.differing == 0, "\(expected.spec): \(difference)")
  }

  @Test(arguments: recorded.indices)
  func doubleAgreesWithFloat(_ index: Int) throws {
    let expected = Self.recorded[index]
    let schedule = try Schedule(ScheduleRecord(spec: expected.spec))
    for (step, rate) in zip(expected.steps, expected.rates.floats) {
      let exact = try schedule.learningRate(at: step)
      #expect(abs(exact - Double(rate)) <= 1e-4 * abs(exact) + 1e-9, "\(expected.spec) at \(step)")
    }
  }
}
