import OptStateKit
import TestSupport
import Testing

@Suite("TrainingRun")
struct TrainingRunTests {
  private static let optimizer = "adamw:learning_rate=0.01,arithmetic=pytorch_fused"
  private static let schedule =
    "hf_linear:learning_rate=0.01,num_training_steps=20,num_warmup_steps=5"

  @Test(arguments: ["state.h5", "model.ckpt-7"])
  func resumedRunEndsWithTheBitsOfAnUninterruptedOne(file: String) throws {
    let folder = try TemporaryDirectory()
    let whole = try start()
    try train(whole, to: 20)

    let first = try start()
    try train(first, to: 7)
    try first.save(to: folder(file))
    // TensorFlow's format has no place for the records.
    let second = try TrainingRun(
      resuming: StateFormats.open(folder(file)).state,
      optimizer: OptimizerRecord(spec: Self.optimizer),
      schedule: ScheduleRecord(spec: Self.schedule)
    )
    #expect(second.globalStep == 7)
    #expect(try second.learningRate() == first.learningRate())
    try train(second, to: 20)
    for name in whole.parameterNames {
      #expect(try whole.parameter(name) == second.parameter(name))
    }
  }

  @Test func recordsTravelWithTheState() throws {
    let folder = try TemporaryDirectory()
    let run = try start()
    try train(run, to: 3)
    try run.save(to: folder("state.h5"))
    let resumed = try TrainingRun(resuming: StateFormats.open(folder("state.h5")).state)
    #expect(resumed.optimizer.record == run.optimizer.record)
    #expect(resumed.schedule?.record == run.schedule?.record)
  }

  @Test func parameterWithoutGradientIsLeftAlone() throws {
    let run = try start()
    let before = try run.parameter("b")
    try run.apply(["a": floats([1, 2, 3])])
    #expect(try run.parameter("b") == before)
    #expect(run.globalStep == 1)
  }

  @Test func snapshotDoesNotFollowTheRun() throws {
    let run = try start()
    let before = try run.parameter("a")
    let snapshot = try run.snapshot()
    try train(run, to: 2)
    #expect(try snapshot.variables[0].value?.tensor.bytes() == before)
    #expect(snapshot.globalStep?.value == 0)
  }

  @Test func gradientOfNoParameterIsRefused() throws {
    let code = try errorCode { try start().apply(["c": floats([1])]) }
    #expect(code == .invalidArgument)
  }

  @Test func namesThatLookAlikeHaveGradientsOfTheirOwn() throws {
    let (composed, decomposed) = ("\u{E9}", "e\u{301}")
    let run = try TrainingRun(
      parameters: [(composed, floats([1, 2])), (decomposed, floats([1, 2]))],
      optimizer: OptimizerRecord(
        kind: "sgd",
        hyperparameters: ["learning_rate": .double(1)],
        groups: [
          ParameterGroup(members: [composed]),
          ParameterGroup(overrides: ["learning_rate": .double(0.5)], members: [decomposed]),
        ]
      ),
      convention: .tensorflow
    )
    try run.apply(exactly: [
      ExactName(composed): floats([1, 1]), ExactName(decomposed): floats([0, 2]),
    ])
    #expect(try run.floats(composed) == [0, 1])
    #expect(try run.floats(decomposed) == [1, 1])
  }

  @Test func recordOfTheStateIsNotTheCallersFault() throws {
    for record in [
      OptimizerRecord(kind: "sofa"),
      OptimizerRecord(kind: "adam", hyperparameters: ["beta1": .double(2)]),
    ] {
      let state = TrainingState(
        globalStep: GlobalStep(1),
        optimizer: record,
        origin: Origin(recorded: "x")
      )
      let own = try errorCode { _ = try TrainingRun(resuming: state, convention: .tensorflow) }
      #expect(own == .malformed)
      let given = try errorCode {
        _ = try TrainingRun(resuming: state, optimizer: record, convention: .tensorflow)
      }
      #expect(given == .invalidArgument)
    }
  }

  @Test func gradientOfAnotherShapeIsRefused() throws {
    let error = try stateError { try start().apply(["a": floats([1, 2])]) }
    #expect(error?.code == .malformed)
    #expect(error?.tensor == "a")
  }

  @Test func normThatIsNotFiniteChangesNothing() throws {
    let run = try start(optimizer: Self.optimizer + ",global_clip_norm=1")
    let before = try run.parameter("a")
    let error = try stateError { try run.apply(["a": floats([1, .nan, 3])]) }
    #expect(error?.code == .malformed)
    #expect(error?.tensor == "a")
    #expect(try run.parameter("a") == before)
    #expect(run.globalStep == 0)
  }

  @Test func missingSlotIsNamed() throws {
    let state = TrainingState(
      variables: [Variable("a", value: StateTensor("a", try floats([1, 2, 3])))],
      globalStep: GlobalStep(5),
      origin: Origin(recorded: "optstate")
    )
    let run = try TrainingRun(resuming: state, optimizer: OptimizerRecord(spec: Self.optimizer))
    let error = try stateError { try run.apply(["a": floats([1, 2, 3])]) }
    #expect(error?.code == .malformed)
    #expect(error?.expected == "adam_m, adam_v")
  }

  @Test func negativeStepIsRefused() throws {
    let state = TrainingState(globalStep: GlobalStep(-1), origin: Origin(recorded: "optstate"))
    let code = try errorCode {
      _ = try TrainingRun(resuming: state, optimizer: OptimizerRecord(spec: Self.optimizer))
    }
    #expect(code == .malformed)
  }

  @Test func stateWithoutOptimizerIsRefused() throws {
    let state = TrainingState(globalStep: GlobalStep(1), origin: Origin(recorded: "tensorflow"))
    #expect(try errorCode { _ = try TrainingRun(resuming: state) } == .invalidArgument)
  }

  @Test func unknownRuleIsRefused() throws {
    #expect(try errorCode { _ = try OptimizerRecord(spec: "sofa") } == .invalidArgument)
  }

  private func start(optimizer: String = Self.optimizer) throws -> TrainingRun {
    try TrainingRun(
      parameters: [("a", floats([0.5, -1, 2])), ("b", floats([1, 2, 3, 4, 5, 6], [2, 3]))],
      optimizer: OptimizerRecord(spec: optimizer),
      schedule: ScheduleRecord(spec: Self.schedule)
    )
  }

  /// Gradients that depend on the parameters and on the step, so that an error in either spreads.
  private func train(_ run: TrainingRun, to step: Int64) throws {
    while run.globalStep < step {
      let scale = Float(run.globalStep + 1)
      let (a, b) = (try run.floats("a"), try run.floats("b"))
      try run.apply(["a": floats(a.map { $0 * scale }), "b": floats(b.map { $0 - scale }, [2, 3])])
    }
  }
}
