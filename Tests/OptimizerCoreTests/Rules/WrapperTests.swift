import Tensors
import Testing

@testable import OptimizerCore

@Suite("Wrappers")
struct WrapperTests {
  private func train(_ spec: String, _ gradients: [[Float]]) throws -> [[String: [Float]]] {
    let optimizer = try Optimizer(OptimizerRecord(spec: spec))
    let trainer = try Trainer<Float>(optimizer, [("w", [2], [1, -2])])
    return try gradients.enumerated().map { index, gradient in
      try trainer.update(["w": gradient], StepContext(step: Int64(index + 1)))
      return Dictionary(uniqueKeysWithValues: trainer.keys(of: "w").map { ($0, trainer["w", $0]) })
    }
  }

  @Test
  func lookaheadFollowsEverySecondUpdate() throws {
    let spec = "sgd:arithmetic=tensorflow,learning_rate=1,lookahead_steps=2,lookahead_rate=0.25"
    let states = try train(spec, [[1, 0], [1, 4], [1, 0], [1, 0]])
    #expect(states[0]["value"] == [0, -2])
    #expect(states[0][SlotName.slowWeights.rawValue] == [1, -2])
    #expect(states[1]["value"] == [0.5, -3])
    #expect(states[1][SlotName.slowWeights.rawValue] == [0.5, -3])
    #expect(states[3]["value"] == [0, -3])
  }

  @Test
  func penaltiesReachTheGradient() throws {
    let states = try train(
      "sgd:arithmetic=tensorflow,learning_rate=1,l1=0.5,l2=0.25",
      [[0, 0], [0, 0]]
    )
    #expect(states[0]["value"] == [0.25, -1])
    #expect(states[1]["value"] == [-0.3125, -0.25])
  }

  @Test(arguments: ["tensorflow", "pytorch", "keras"])
  func averageBeginsAtTheFirstWeights(_ arithmetic: String) throws {
    let spec = "sgd:arithmetic=\(arithmetic),learning_rate=1,ema_decay=0.75"
    let states = try train(spec, [[0, 0], [1, 0], [-4, 0]])
    #expect(states[0][SlotName.average.rawValue] == [1, -2])
    #expect(states[1][SlotName.average.rawValue] == [0.75, -2])
    #expect(states[2][SlotName.average.rawValue] == [1.5625, -2])
  }

  @Test
  func meanOfGradientsIsTheUpdates() throws {
    let optimizer = try Optimizer(
      OptimizerRecord(spec: "sgd:arithmetic=tensorflow,accumulation_steps=2")
    )
    let accumulation = try #require(optimizer.accumulation)
    #expect((1...4).map { accumulation.completesUpdate($0) } == [false, true, false, true])
    let (gradient, sum, short) = (Row<Float>([1, 2]), Row<Float>([0, 0]), Row<Float>([0]))
    for completes in [false, true] {
      try unsafe accumulation.add(
        UnsafeRawBufferPointer(gradient.bytes),
        .float32,
        to: sum.bytes,
        completes: completes
      )
    }
    #expect(sum.values == [1, 2])
    #expect(throws: StateError.self) {
      try unsafe accumulation.add(
        UnsafeRawBufferPointer(gradient.bytes),
        .float32,
        to: short.bytes,
        completes: true
      )
    }
  }
}
