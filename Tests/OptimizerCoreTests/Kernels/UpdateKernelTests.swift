import CKernels
import Tensors
import Testing

@testable import OptimizerCore

/// Every path of every kernel gives the bits of the plain rule.
@Suite("Update kernels")
struct UpdateKernelTests {
  static let specs = [
    "bert_adamw:arithmetic=tensorflow", "bert_adamw:arithmetic=tensorflow,weight_decay=0",
    "adam:arithmetic=tensorflow", "adam:arithmetic=tensorflow,bias_correction=none",
    "adam:arithmetic=keras", "adamw:arithmetic=keras", "adam:arithmetic=pytorch",
    "adamw:arithmetic=pytorch", "adamw:arithmetic=pytorch_fused",
    "adamw:arithmetic=pytorch_fused,beta1=0.3", "adamw:arithmetic=pytorch,epsilon_placement=hat",
    "adamw:arithmetic=pytorch,bias_correction=none", "adamw:arithmetic=pytorch_mkl",
    "adam:arithmetic=pytorch_mkl,beta1=0.3", "sgd:arithmetic=tensorflow,momentum=0.9",
    "sgd:arithmetic=tensorflow,momentum=0.9,nesterov=true", "sgd:arithmetic=pytorch,momentum=0.9",
    "sgd:arithmetic=pytorch_fused,momentum=0.9,dampening=0.3",
    "sgd:arithmetic=pytorch_fused,momentum=0.9,nesterov=true",
  ]
  static let counts = Array(0...70) + [127, 1000, 4099]
  static var paths: [optstate_path_t] {
    (0...optstate_update_path().rawValue).map { optstate_path_t(rawValue: $0) }
  }

  @Test(arguments: specs)
  func everyPathEqualsTheReadableRule(_ spec: String) throws {
    let optimizer = try Optimizer(OptimizerRecord(spec: spec))
    var noise = Noise(seed: 7)
    for count in Self.counts {
      // The block lies inside a longer variable, so that the fused tail falls anywhere in it.
      for rest in [0, 3, 9] {
        let shape = Shape.vector(5 + count + rest)
        let plan = try optimizer.plan(for: "kernel", shape: shape, types: UpdateTypes())
        let context = plan.rule.prepared(try StepContext(step: 3, learningRate: 0.01))
        let arrays = [
          noise.floats(count), noise.floats(count), noise.floats(count), noise.positives(count),
        ]
        let scale: Float = 0.37
        let expected = run(plan, arrays, context) { block, rule in
          for i in 0..<block.count { block.gradient[i] = block.gradient[i] * scale }
          rule.update(block, context)
        }
        for path in Self.paths {
          let found = run(plan, arrays, context) { block, rule in
            let rule = rule as? any KernelRule
            #expect(rule?.updateFast(block, scale: scale, context, path: path) == true)
          }
          #expect(found == expected, "path \(path.rawValue), \(count) elements and \(rest)")
        }
      }
    }
  }

  /// The bits of parameter and slots after an update.
  private func run(
    _ plan: VariablePlan,
    _ arrays: [[Float]],
    _ context: StepContext,
    _ update: (Block<Float>, any UpdateRule) -> Void
  ) -> [[UInt32]] {
    let rows = arrays.map { Row($0) }
    // An empty row has no memory to lend; one element stands in and is not touched.
    let spare = Row<Float>([0])
    let lanes = rows.compactMap { $0.lane ?? spare.lane }
    let slots = plan.slots.indices.map { lanes[2 + $0] }
    let block = Block(
      start: 5,
      of: plan.shape,
      parameter: lanes[0],
      gradient: lanes[1],
      slots: slots
    )
    SubnormalMode.following(plan.rule.arithmetic) { update(block, plan.rule) }
    return ([rows[0]] + rows[2...]).map { $0.values.map(\.bitPattern) }
  }

  @Test
  func multiplyAddIsNotContracted() throws {
    // 1 + 2⁻¹² squared needs 25 bits: fused with −1 the last one survives, rounded it does not.
    let x: Float = 1 + 0x1p-12
    let rounded = x * x - 1
    #expect(rounded.bitPattern == (0x1p-11 as Float).bitPattern)
    #expect(Float.fma(x, x, -1).bitPattern == (0x1.0008p-11 as Float).bitPattern)
    // BERT's v = 1·(−1) + 1·(x·x), computed by every path.
    var k = optstate_adam_bert_t(
      scale: 1,
      beta1: 0,
      share1: 1,
      beta2: 1,
      share2: 1,
      epsilon: 1,
      weight_decay: 0,
      learning_rate: 0
    )
    for path in Self.paths {
      let rows = [Float(0), x, 0, -1].map { Row([Float](repeating: $0, count: 19)) }
      let lanes = rows.compactMap(\.lane)
      unsafe optstate_adam_bert(
        path,
        lanes[0].base,
        lanes[1].base,
        lanes[2].base,
        lanes[3].base,
        19,
        &k
      )
      #expect(rows[3].values.allSatisfy { $0.bitPattern == rounded.bitPattern })
    }
  }
}
