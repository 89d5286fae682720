import Tensors
import Testing

@testable import OptimizerCore

@Suite("Clipping")
struct ClippingTests {
  @Test
  func torchNormsAndClippedGradientsAreReproduced() throws {
    let recording = Recording.torch
    let clipped = try #require(recording.clipped)
    var difference = Difference()
    for (index, expected) in clipped.enumerated() {
      // A step of −1 leaves exactly the clipped gradient in parameters that begin at zero.
      let record = OptimizerRecord(
        kind: "sgd",
        hyperparameters: [
          "arithmetic": .string("pytorch"), "learning_rate": .double(-1),
          "global_clip_norm": .double(expected.bound),
        ]
      )
      let trainer = try Replay.trainer(record, recording, Float.self)
      for name in Recording.order {
        trainer[name, "value"] = trainer[name, "value"].map { _ in 0 }
      }
      let norms = try trainer.update(
        Replay.gradients(recording, index % 3),
        StepContext(step: 1),
        clipping: trainer.optimizer.clipping
      )
      #expect(norms?.global.bitPattern == expected.norm.floats[0].bitPattern)
      for name in Recording.order {
        // Adding to zero loses the sign of a negative zero, nothing else.
        let gradient = expected.gradients[name]?.floats.map { $0 + 0 } ?? []
        difference.add(trainer[name, "value"], gradient)
      }
    }
    #expect(difference.elements > 0 && difference.differing == 0, "\(difference)")
  }

  private func norms(_ sums: [Double], _ arithmetic: Arithmetic) -> GradientNorms {
    GradientNorms(sums: sums, names: sums.indices.map { "v\($0)" }, arithmetic)
  }

  @Test
  func smoothFormAlwaysShrinks() throws {
    let scalings = try Clipping.smooth(1).scalings(norms([9, 16], .keras))
    #expect(scalings[0] == .factor(Double(Float(1) / 6)))
    #expect(scalings[1] == scalings[0])
  }

  @Test
  func globalNormBelowTheBoundChangesNothing() throws {
    #expect(try Clipping.globalNorm(8).scalings(norms([9, 16], .keras))[0] == .factor(1))
    #expect(try Clipping.globalNorm(8).scalings(norms([9, 16], .pytorch))[0] == .factor(1))
    // TensorFlow's sums are of halves.
    #expect(norms([4.5, 8], .tensorflow).global == 5)
  }

  @Test
  func eachNormHasItsOwnScaling() throws {
    let keras = try Clipping.norm(2).scalings(norms([1, 16], .keras))
    #expect(keras[0] == .quotient(factor: 2, divisor: 2))
    #expect(keras[1] == .quotient(factor: 2, divisor: 4))
    let torch = try Clipping.norm(2).scalings(norms([1, 16], .pytorch))
    #expect(torch[0] == .factor(1))
    #expect(torch[1] == .factor(Double((1 / (4 + Float(1e-6))) * 2)))
  }

  @Test(arguments: [Double.nan, .infinity])
  func normThatIsNotFiniteIsReported(_ sum: Double) {
    for clipping in [Clipping.globalNorm(1), .norm(1), .smooth(1)] {
      #expect {
        try clipping.scalings(norms([1, sum], .tensorflow))
      } throws: { error in
        let error = error as? StateError
        return error?.code == .malformed && error?.tensor == "v1"
      }
    }
  }

  @Test
  func globalNormThatOverflowsIsReported() {
    let sum = Double(Float.greatestFiniteMagnitude)
    #expect(throws: StateError.self) {
      try Clipping.globalNorm(1).scalings(norms([sum, sum], .keras))
    }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func gradientThatIsNotFiniteChangesNothing(_ value: Float) throws {
    let trainer = try Trainer<Float>(
      Optimizer(OptimizerRecord(spec: "bert_adamw:global_clip_norm=1"), convention: .tensorflow),
      [("kernel", [3], [1, 2, 3])]
    )
    #expect(throws: StateError.self) {
      try trainer.update(
        ["kernel": [0, value, 1]],
        StepContext(step: 1),
        clipping: trainer.optimizer.clipping
      )
    }
    #expect(trainer["kernel", "value"] == [1, 2, 3])
    #expect(trainer["kernel", "adam_m"] == [0, 0, 0])
  }

  @Test
  func valuesAreBoundedAndNaNStays() throws {
    let row = Row<Float>([-3, -0.5, 0.5, 3, .nan])
    GradientScaling.clamp(1).apply(to: try #require(row.lane))
    #expect(row.values.prefix(4) == [-1, -0.5, 0.5, 1])
    #expect(row.values[4].isNaN)
  }
}
