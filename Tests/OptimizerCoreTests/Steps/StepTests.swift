import Tensors
import Testing

@testable import OptimizerCore

@Suite("Steps")
struct StepTests {
  static let specs = [
    "bert_adamw:arithmetic=tensorflow", "adamw:arithmetic=pytorch_fused,l2=0.01",
    "adam:arithmetic=keras,clip_value=0.5,ema_decay=0.9,lookahead_steps=2", "lion:weight_decay=0.1",
    "sgd:arithmetic=pytorch_fused,momentum=0.9", "rmsprop:arithmetic=tensorflow,centered=true",
    "adax", "keras_bert_adamw:weight_decay=0.01", "adagrad:arithmetic=pytorch",
    "nadam:arithmetic=pytorch", "asgd:t0=1,l2=0.1", "rprop", "radam", "schedule_free_adamw",
    "adadelta:arithmetic=keras", "adamax:arithmetic=pytorch", "ftrl:l1_regularization_strength=0.1",
  ]

  /// Updates in parts, cut anywhere, leave the bits of an update as a whole.
  @Test(arguments: specs)
  func partsEqualTheWhole(_ spec: String) throws {
    let optimizer = try Optimizer(OptimizerRecord(spec: spec))
    var noise = Noise(seed: 11)
    let count = 5003
    let plan = try optimizer.plan(for: "kernel", shape: .vector(count), types: UpdateTypes())
    let start = noise.floats(count)
    let gradients = [noise.floats(count), noise.floats(count)]
    let scaling = try optimizer.clipping.map {
      $0.needsNorms ? .factor(0.3) : try $0.scalings(nil)[0]
    }

    func run(_ cuts: [Int]) throws -> [[UInt32]] {
      let rows =
        [Row(start)]
        + plan.slots.map { slot in
          Row([Float](repeating: Float(slot.initialValue), count: slot.isNumber ? 1 : count))
        }
      let numbers = plan.slots.indices.filter { plan.slots[$0].isNumber }
      for (index, gradient) in gradients.enumerated() {
        var context = try StepContext(step: Int64(index + 1), scaling: scaling ?? .none)
        context.numbers = numbers.map { Double(rows[1 + $0].values[0]) }
        let row = Row(gradient)
        for (from, to) in zip(cuts, cuts.dropFirst()) {
          let whole = unsafe UpdateBuffers(
            parameter: rows[0].bytes,
            gradient: UnsafeRawBufferPointer(row.bytes),
            slots: rows[1...].map { unsafe $0.bytes }
          )
          try unsafe plan.update(plan.slice(whole, from..<to), elements: from..<to, context)
        }
        for (place, number) in zip(numbers, plan.rule.nextNumbers(context)) {
          rows[1 + place].values = [Float(number)]
        }
      }
      return rows.map { $0.values.map(\.bitPattern) }
    }
    let whole = try run([0, count])
    #expect(try run([0, 1, 2, 9, 2050, 4096, 5000, 5001, count]) == whole)
    #expect(try run(Array(stride(from: 0, to: count, by: 7)) + [count]) == whole)
  }

  @Test
  func manyVariablesAtOnceEqualOneByOne() throws {
    let record = try OptimizerRecord(spec: "adamw:arithmetic=pytorch_fused,global_clip_norm=1")
    var noise = Noise(seed: 12)
    let shapes = [[3], [0], [700, 501], [], [131_072], [131_073]]
    let values = shapes.enumerated().map { index, shape in
      ("v\(index)", shape, noise.floats(shape.reduce(1, *)))
    }
    let gradients = Dictionary(
      uniqueKeysWithValues: values.map { ($0.0, noise.floats($0.2.count)) }
    )
    let together = try Trainer<Float>(Optimizer(record), values)
    let norms = try together.update(
      gradients,
      StepContext(step: 1),
      clipping: together.optimizer.clipping
    )
    let scaling = try #require(try together.optimizer.clipping?.scalings(norms)[0])
    for value in values {
      let alone = try Trainer<Float>(Optimizer(record), [value])
      try alone.update(gradients, StepContext(step: 1, scaling: scaling))
      for key in alone.keys(of: value.0) where key != "gradient" {
        #expect(Difference.between(alone[value.0, key], together[value.0, key]).differing == 0)
      }
    }
  }

  @Test(arguments: [ElementType.bfloat16, .float16])
  func narrowParametersAreRoundedOnceFromFloat(_ type: ElementType) throws {
    let optimizer = try Optimizer(OptimizerRecord(spec: "adamw:arithmetic=pytorch_fused"))
    var noise = Noise(seed: 13)
    let count = 2100
    func narrow(_ value: Float) -> UInt16 {
      type == .bfloat16 ? BFloat16(value).bitPattern : Float16(value).bitPattern
    }
    func wide(_ bits: UInt16) -> Float {
      type == .bfloat16 ? Float(BFloat16(bitPattern: bits)) : Float(Float16(bitPattern: bits))
    }
    let start = noise.floats(count).map(narrow)
    let gradient = noise.floats(count).map(narrow)
    let types = try UpdateTypes(parameter: type)
    #expect(types.slots == .float32)
    let plan = try optimizer.plan(for: "w", shape: .vector(count), types: types)
    let reference = try Trainer<Float>(optimizer, [("w", [count], start.map(wide))])
    try reference.update(["w": gradient.map(wide)], StepContext(step: 1))

    for hasMaster in [false, true] {
      var parameter = start
      var gradient = gradient
      let slots = [0, 1].map { _ in Row([Float](repeating: 0, count: count)) }
      let master = Row(start.map(wide))
      try unsafe parameter.withUnsafeMutableBytes { parameter in
        try unsafe gradient.withUnsafeMutableBytes { gradient in
          let buffers = unsafe UpdateBuffers(
            parameter: parameter,
            gradient: UnsafeRawBufferPointer(gradient),
            slots: slots.map { unsafe $0.bytes },
            master: hasMaster ? master.bytes : nil
          )
          try unsafe plan.update(buffers, elements: 0..<count, StepContext(step: 1))
        }
      }
      #expect(parameter == reference["w", "value"].map(narrow))
      #expect(Difference.between(slots[0].values, reference["w", "adam_m"]).differing == 0)
      let expected = hasMaster ? reference["w", "value"] : start.map(wide)
      #expect(Difference.between(master.values, expected).differing == 0)
    }
  }

  /// PyTorch's unfused paths have a kernel per operation, each of which rounds.
  @Test(arguments: [ElementType.bfloat16, .float16], [false, true])
  func narrowTensorsAreRoundedByEveryOperation(_ type: ElementType, _ isForeach: Bool) throws {
    func round(_ x: Float) -> Float {
      type == .bfloat16 ? Float(BFloat16(x)) : Float(Float16(x))
    }
    func bits(_ x: Float) -> UInt16 {
      type == .bfloat16 ? BFloat16(x).bitPattern : Float16(x).bitPattern
    }
    let spec = "adagrad:arithmetic=pytorch,learning_rate=0.3,epsilon=0.001,foreach=\(isForeach)"
    let optimizer = try Optimizer(OptimizerRecord(spec: spec))
    let types = try UpdateTypes(parameter: type, slots: type)
    var noise = Noise(seed: 17)
    let count = 333
    let plan = try optimizer.plan(for: "w", shape: .vector(count), types: types)
    let (start, gradient) = (noise.floats(count).map(round), noise.floats(count).map(round))
    let sum = noise.positives(count).map(round)
    var (parameters, slot, gradients) = (start.map(bits), sum.map(bits), gradient.map(bits))
    try unsafe parameters.withUnsafeMutableBytes { parameters in
      try unsafe slot.withUnsafeMutableBytes { slot in
        try unsafe gradients.withUnsafeMutableBytes { gradients in
          let buffers = unsafe UpdateBuffers(
            parameter: parameters,
            gradient: UnsafeRawBufferPointer(gradients),
            slots: [slot]
          )
          try unsafe plan.update(buffers, elements: 0..<count, StepContext(step: 1))
        }
      }
    }
    for i in 0..<count {
      let a = round(Float.fma(gradient[i], gradient[i], sum[i]))
      let d = round(round(a.squareRoot()) + round(0.001))
      let step = isForeach ? round(gradient[i] * -0.3) / d : (-0.3 * gradient[i]) / d
      #expect(slot[i] == bits(a))
      #expect(parameters[i] == bits(start[i] + step))
    }
  }

  @Test(arguments: [Int64(0), -1, .min])
  func stepBelowOneIsRejected(_ step: Int64) {
    #expect(throws: StateError.self) { try StepContext(step: step) }
  }

  @Test
  func memoryThatDoesNotFitIsRejected() throws {
    let optimizer = try Optimizer(OptimizerRecord(spec: "adam:arithmetic=keras"))
    let plan = try optimizer.plan(for: "w", shape: .vector(4), types: UpdateTypes())
    let (four, three) = (Row<Float>([1, 2, 3, 4]), Row<Float>([1, 2, 3]))
    func expectRejection(_ word: String, _ rows: [Row<Float>], _ elements: Range<Int> = 0..<4)
      throws
    {
      let buffers = unsafe UpdateBuffers(
        parameter: rows[0].bytes,
        gradient: UnsafeRawBufferPointer(rows[1].bytes),
        slots: rows[2...].map { unsafe $0.bytes }
      )
      #expect {
        try unsafe plan.update(buffers, elements: elements, StepContext(step: 1))
      } throws: { error in
        let error = error as? StateError
        return error?.code == .invalidArgument && error?.tensor == "w"
          && error.map { "\($0)".contains(word) } == true
      }
    }
    try expectRejection("slots", [four, four, four])
    try expectRejection("adam_v", [four, four, four, three])
    try expectRejection("gradient", [four, three, four, four])
    try expectRejection("parameter", [three, four, four, four])
    try expectRejection("elements", [four, four, four, four], 1..<5)
    #expect(four.values == [1, 2, 3, 4])

    let whole = try Optimizer(OptimizerRecord(spec: "lamb")).plan(
      for: "w",
      shape: .vector(4),
      types: UpdateTypes()
    )
    #expect(throws: StateError.self) {
      let buffers = unsafe UpdateBuffers(
        parameter: three.bytes,
        gradient: UnsafeRawBufferPointer(three.bytes),
        slots: [three.bytes, three.bytes]
      )
      try unsafe whole.update(buffers, elements: 0..<3, StepContext(step: 1))
    }
  }

  @Test(arguments: [ElementType.int32, .string, .bool])
  func typeThatCannotBeTrainedIsRejected(_ type: ElementType) {
    #expect(throws: StateError.self) { try UpdateTypes(parameter: type) }
  }
}
