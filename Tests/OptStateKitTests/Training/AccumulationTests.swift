import OptStateKit
import TestSupport
import Testing

@Suite("TrainingRun with accumulated gradients")
struct AccumulationTests {
  private static let optimizer =
    "adam:learning_rate=0.01,arithmetic=tensorflow,accumulation_steps=3,global_clip_norm=1"

  @Test(arguments: 1...8)
  func runSavedAfterAnyGradientEndsWithTheBitsOfAnUninterruptedOne(_ saved: Int) throws {
    let folder = try TemporaryDirectory()
    let whole = try start()
    try train(whole, 0..<9)
    let first = try start()
    try train(first, 0..<saved)
    try first.save(to: folder("state.h5"))
    let second = try TrainingRun(resuming: StateFormats.open(folder("state.h5")).state)
    #expect(second.accumulatedGradients == Int64(saved % 3))
    #expect(second.globalStep == Int64(saved / 3))
    try train(second, saved..<9)
    #expect(second.globalStep == 3)
    for name in whole.parameterNames {
      #expect(try whole.parameter(name) == second.parameter(name))
    }
    let states = (try whole.snapshot(), try second.snapshot())
    for (one, other) in zip(states.0.variables, states.1.variables) {
      #expect(
        try one[.secondMoment]?.tensor.tensor.bytes() == other[.secondMoment]?.tensor.tensor.bytes()
      )
    }
  }

  @Test func updateIsThatOfTheMean() throws {
    let plain = try start("adam:learning_rate=0.01,arithmetic=tensorflow")
    // Numbers whose sums and thirds are exact.
    let mean: [String: Tensor] = ["a": try floats([2, -2, 1]), "b": try floats([2, 2])]
    let unclipped = try start("adam:learning_rate=0.01,arithmetic=tensorflow,accumulation_steps=3")
    for value: Float in [1, 2, 3] {
      try unclipped.apply([
        "a": floats([value, -value, 0.5 * value]), "b": floats([value, value]),
      ])
    }
    try plain.apply(mean)
    #expect(try unclipped.parameter("a") == plain.parameter("a"))
    #expect(try unclipped.parameter("b") == plain.parameter("b"))
    #expect(unclipped.globalStep == 1)
  }

  @Test func parametersStayUntilTheUpdate() throws {
    let run = try start()
    let before = try run.parameter("a")
    try train(run, 0..<2)
    #expect(try run.parameter("a") == before)
    let state = try run.snapshot()
    #expect(state.variables[0][.gradientAccumulator] != nil)
    #expect(state.globalStep?.value == 0)
  }

  @Test func parameterWithoutAnyGradientIsLeftAlone() throws {
    let run = try start()
    let before = try run.parameter("b")
    for _ in 0..<3 { try run.apply(["a": floats([1, 2, 3])]) }
    #expect(run.globalStep == 1)
    #expect(try run.parameter("b") == before)
  }

  @Test func normThatIsNotFiniteLeavesTheSums() throws {
    let run = try start()
    try train(run, 0..<2)
    let before = try run.snapshot().variables[0][.gradientAccumulator]?.tensor.tensor.bytes()
    let code = try errorCode { try run.apply(["a": floats([1, .infinity, 3])]) }
    #expect(code == .malformed)
    #expect(run.accumulatedGradients == 2)
    let after = try run.snapshot().variables[0][.gradientAccumulator]?.tensor.tensor.bytes()
    #expect(before == after)
  }

  @Test func sumsWithoutTheirNumberAreRefused() throws {
    let run = try start()
    try train(run, 0..<2)
    var state = try run.snapshot()
    state.optimizerTensors = []
    let error = try stateError { _ = try TrainingRun(resuming: state) }
    #expect(error?.code == .malformed)
    #expect(error?.tensor == "a/gradient_accumulator")
  }

  @Test(arguments: [-1, 3] as [Int64])
  func impossibleNumberIsRefused(_ count: Int64) throws {
    var state = try start().snapshot()
    state.optimizerTensors = [StateTensor("accumulated_gradients", .scalar(count))]
    #expect(try errorCode { _ = try TrainingRun(resuming: state) } == .malformed)
  }

  private func start(_ optimizer: String = Self.optimizer) throws -> TrainingRun {
    try TrainingRun(
      parameters: [("a", floats([0.5, -1, 2])), ("b", floats([1, 2]))],
      optimizer: OptimizerRecord(spec: optimizer)
    )
  }

  private func train(_ run: TrainingRun, _ gradients: Range<Int>) throws {
    for number in gradients {
      let scale = Float(number) / 3 + 0.1
      let (a, b) = (try run.floats("a"), try run.floats("b"))
      try run.apply(["a": floats(a.map { $0 * scale }), "b": floats(b.map { $0 - scale })])
    }
  }

  private func floats(_ values: [Float]) throws -> Tensor {
    let bytes = values.flatMap { value in
      (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
    }
    return try Tensor(.float32, .vector(values.count), bytes: bytes)
  }
}
