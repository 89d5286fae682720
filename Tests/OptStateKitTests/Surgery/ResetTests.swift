import OptStateKit
import TestSupport
import Testing

@Suite("Reset")
struct ResetTests {
  @Test func momentsBecomeZeroAndTheTimeIsRecorded() throws {
    let (state, report) = try Reset().apply(to: Sample.adam())
    for slot in [SlotName.firstMoment, .secondMoment] {
      #expect(try Sample.numbers(state, "dense/kernel", slot) == [0, 0, 0, 0])
    }
    #expect(try Sample.numbers(state, "dense/kernel") == [1, 2, 3, 4])
    #expect(state.globalStep?.value == 20)
    #expect(state.variables.allSatisfy { $0.slotsStart == 20 })
    #expect(report.slots == [.firstMoment: 2, .secondMoment: 2])
  }

  @Test func theReportCountsWhatIsInTheOutput() throws {
    let (state, report) = try Reset(step: .set(0)).apply(to: Sample.adam())
    let whole = try report.readBack(from: state, written: state)
    #expect(whole.text == report.text && whole.notes == report.notes)
    // One slot that is as it was, one that is not there, another step.
    var output = state
    output.variables[0].slots[0] = try Sample.adam().variables[0].slots[0]
    output.variables[1].slots.removeLast()
    output.globalStep = GlobalStep(7)
    let found = try report.readBack(from: output, written: state)
    #expect(found.text == "reset adam_m 1, adam_v 1 in 2 of 2 variables; step 20 -> 7")
    #expect(found.notes.last?.hasPrefix("2 of 4 slots are not in the output") == true)
  }

  @Test func zeroStepRestartsWhatCountsAndKeepsTheAgeOfTheRest() throws {
    let (state, _) = try Reset(step: .set(0)).apply(to: Sample.adam()) { $0.hasSuffix("bias") }
    #expect(state.globalStep?.value == 0)
    #expect(state.variables[1].slots.allSatisfy { $0.history.isPlain })
    // The other variable's moments have still seen 20 updates.
    #expect(state.variables[0].slotsStart == -20)
    #expect(try Sample.numbers(state, "dense/kernel", .firstMoment) == Sample.first)
  }

  @Test func variablesOwnStepsAreSetWhereTheyAreSelected() throws {
    let source = try Sample.adam(step: nil, steps: [7, 9])
    let (state, _) = try Reset(step: .set(3)).apply(to: source) { $0.hasSuffix("bias") }
    #expect(state.variables.map(\.step) == [7, 3])
    #expect(state.variables.map(\.slotsStart) == [0, 3])
    let kept = try Reset().apply(to: source).state
    #expect(kept.variables.map(\.step) == [7, 9])
    #expect(kept.variables.map(\.slotsStart) == [7, 9])
  }

  @Test func powersOfBetaRestartAtBeta() throws {
    let path = Fixtures.tensorFlow("2.21.0/optimizers/adam/model.ckpt-5")
    let source = try StateFormats.open(path).state
    // No record says what beta is: the stored powers prove it.
    let (beta1, beta2) = (Float(0.9), Float(0.999))
    let cases: [(Int64, [Float])] = [(0, [beta1, beta2]), (1, [beta1 * beta1, beta2 * beta2])]
    for (step, expected) in cases {
      let (state, _) = try Reset(step: .set(step)).apply(to: source)
      let powers = try state.optimizerTensors.sorted { $0.name < $1.name }.map { tensor in
        let bits = try tensor.tensor.bytes().reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return Float(bitPattern: bits)
      }
      #expect(powers == expected)
      #expect(state.globalStep?.value == step)
    }
  }

  @Test func secondMomentAloneIsRefusedWithTheSizeOfTheUpdate() throws {
    let error = try stateError { _ = try Reset(slots: [.secondMoment]).apply(to: Sample.adam()) }
    #expect(error?.code == .unsupported)
    #expect(error?.message.contains("3.0/1e-06 = 3000000.0 times the rate") == true)
    let forced = try Reset(slots: [.secondMoment], allowsExplosion: true).apply(to: Sample.adam())
    #expect(try Sample.numbers(forced.state, "dense/bias", .secondMoment) == [0, 0, 0, 0])
    _ = try Reset(slots: [.firstMoment]).apply(to: Sample.adam())
    // Where the first moment is zero, too, nothing explodes.
    let (cold, _) = try Reset(slots: [.firstMoment]).apply(to: Sample.adam())
    _ = try Reset(slots: [.secondMoment]).apply(to: cold)
  }

  @Test(arguments: [
    ("rmsprop", SlotName.meanSquare, Float(1)), ("rmsprop-centered", .meanGradient, 0),
    ("adadelta", .accumulator, 0), ("momentum", .momentum, 0),
  ])
  func slotsOfTensorFlowBeginAsItsOptimizersMakeThem(
    name: String,
    slot: SlotName,
    value: Float
  ) throws {
    let path = Fixtures.tensorFlow("2.21.0/optimizers/\(name)/model.ckpt-5")
    let (state, _) = try Reset().apply(to: StateFormats.open(path).state)
    #expect(try Sample.numbers(state, "dense/bias", slot).allSatisfy { $0 == value })
  }

  @Test func accumulatorNeedsToBeDeclared() throws {
    let path = Fixtures.tensorFlow("2.21.0/optimizers/adagrad/model.ckpt-5")
    var source = try StateFormats.open(path).state
    #expect(try errorCode { _ = try Reset().apply(to: source) } == .unsupported)
    let declared = try Reset(initialValue: 0.25).apply(to: source).state
    #expect(try Sample.numbers(declared, "dense/bias", .accumulator).allSatisfy { $0 == 0.25 })
    source.optimizer = try OptimizerRecord(spec: "adagrad:initial_accumulator_value=0.5")
    let recorded = try Reset().apply(to: source).state
    #expect(try Sample.numbers(recorded, "dense/bias", .accumulator).allSatisfy { $0 == 0.5 })
  }

  @Test func averagedWeightsBecomeTheWeights() throws {
    let path = Fixtures.tensorFlow("2.21.0/optimizers/moving-average/model.ckpt-5")
    let (state, _) = try Reset().apply(to: StateFormats.open(path).state)
    let numbers = try Sample.numbers(state, "dense/bias")
    #expect(try Sample.numbers(state, "dense/bias", .average) == numbers)
  }

  @Test func nothingSelectedIsRefused() throws {
    #expect(
      try errorCode { _ = try Reset().apply(to: Sample.adam()) { _ in false } } == .unsupported
    )
    let error = try stateError { _ = try Reset(slots: ["momentum"]).apply(to: Sample.adam()) }
    #expect(error?.code == .unsupported)
    #expect(error?.expected == "one of adam_m, adam_v")
    #expect(
      try errorCode { _ = try Reset(step: .set(-1)).apply(to: Sample.adam()) } == .invalidArgument
    )
  }

  @Test func trainingAfterAResetCorrectsFromTheReset() throws {
    let optimizer = "adamw:learning_rate=0.01,arithmetic=pytorch_fused"
    let (reset, _) = try Reset().apply(to: Sample.adam(optimizer: optimizer))
    let (fresh, _) = try Reset(step: .set(0)).apply(to: Sample.adam(optimizer: optimizer))
    let runs = try [reset, fresh].map { try TrainingRun(resuming: $0) }
    let gradient = try floats([0.1, -0.2, 0.3, 0.4], [2, 2])
    for run in runs { try run.apply(["dense/bias": gradient]) }
    #expect(runs.map(\.globalStep) == [21, 1])
    #expect(try runs[0].floats("dense/bias") == runs[1].floats("dense/bias"))
  }
}
