import Tensors
import Testing

@testable import OptimizerCore

/// Recorded updates computed anew, bit for bit.
@Suite("Updates of the frameworks")
struct FrameworkTests {
  /// Updates in which the framework takes no root that is not correctly rounded.
  static func exact(_ recording: Recording, _ type: String?) -> [Recording.Case] {
    recording.updates.filter { test in
      test.type == type && test.hyperparameters["accumulation_steps"] == nil
        && !test.after.contains { $0.values.contains { $0["root"] != nil } }
    }
  }

  @Test(arguments: exact(.torch, nil))
  func torchIsReproduced(_ test: Recording.Case) throws {
    try expectSame(test, .torch, Float.self)
  }

  @Test(arguments: exact(.keras, nil))
  func kerasAndTensorFlowAreReproduced(_ test: Recording.Case) throws {
    try expectSame(test, .keras, Float.self)
  }

  @Test(arguments: Recording.kerasBERT.updates)
  func kerasBERTIsReproduced(_ test: Recording.Case) throws {
    try expectSame(test, .kerasBERT, Float.self)
  }

  @Test(arguments: Recording.torch.updates.filter { $0.type == "float64" })
  func torchInDoubleIsReproduced(_ test: Recording.Case) throws {
    try expectSame(test, .torch, Double.self)
  }

  private func expectSame<Number: TestNumber>(
    _ test: Recording.Case,
    _ recording: Recording,
    _: Number.Type
  ) throws {
    for (key, difference) in try Replay.run(test, recording, Number.self) {
      #expect(difference.elements > 0)
      #expect(difference.differing == 0, "\(key): \(difference)")
    }
    // The plain rule alone, where nothing stands around it.
    let optimizer = try Optimizer(test.record)
    guard optimizer.clipping == nil, test.hyperparameters["ema_decay"] == nil else { return }
    for (key, difference) in try Replay.run(test, recording, Number.self, path: .readable) {
      #expect(difference.differing == 0, "\(key) of the readable rule: \(difference)")
    }
  }

  @Test
  func kerasAccumulatesGradients() throws {
    let recording = Recording.keras
    let test = try #require(recording.updates.first { $0.name == "keras adam accumulation" })
    let trainer = try Replay.trainer(test.record, recording, Float.self)
    let accumulation = try #require(trainer.optimizer.accumulation)
    var sums = recording.start.mapValues { [Float](repeating: 0, count: $0.floats.count) }
    var updates: Int64 = 0
    var difference = Difference()
    for (index, after) in test.after.enumerated() {
      let completes = accumulation.completesUpdate(Int64(index + 1))
      for (name, gradient) in Replay.gradients(recording, index) as [String: [Float]] {
        try unsafe gradient.withUnsafeBytes { gradient in
          try unsafe sums[name]?.withUnsafeMutableBytes {
            try unsafe accumulation.add(gradient, .float32, to: $0, completes: completes)
          }
        }
      }
      if completes {
        updates += 1
        try trainer.update(sums, StepContext(step: updates))
        sums = sums.mapValues { $0.map { _ in 0 } }
      }
      for name in Recording.order {
        for (key, bits) in after[name] ?? [:] {
          let found = key == "gradient_accumulator" ? sums[name] ?? [] : trainer[name, key]
          difference.add(found, bits.floats)
        }
      }
    }
    #expect(difference.elements > 0 && difference.differing == 0, "\(difference)")
  }
}
