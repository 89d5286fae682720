import OptStateKit
import TestSupport
import Testing

@Suite("Replay")
struct ReplayTests {
  private static let schedule =
    "bert:learning_rate=1e-3,num_train_steps=100,num_warmup_steps=8"

  @Test(arguments: [(10, 20), (5, 10)])
  func recordedGradientsOfBERTGiveTensorFlowsNextState(from first: Int, to last: Int) throws {
    let folder = Fixtures.tensorFlow("2.21.0/bert")
    let replayed = try Replay.run(
      StateFormats.open("\(folder)/model.ckpt-\(first)").state,
      gradients: GradientFile("\(folder)/gradients-\(first).h5"),
      steps: last - first,
      optimizer: OptimizerRecord(spec: "bert_adamw"),
      schedule: ScheduleRecord(spec: Self.schedule),
      convention: .tensorflow
    )
    try expectEqual(replayed, "\(folder)/model.ckpt-\(last)")
  }

  @Test(arguments: [
    ("sgd", "sgd:learning_rate=0.1"),
    ("momentum", "sgd:learning_rate=0.01,momentum=0.9"),
    ("nesterov", "sgd:learning_rate=0.01,momentum=0.9,nesterov=true"),
    ("adam", "adam:learning_rate=0.001,epsilon=1e-8"),
    ("adagrad", "adagrad:learning_rate=0.01"),
    ("rmsprop", "rmsprop:learning_rate=0.01,epsilon=1e-10"),
    ("rmsprop-centered", "rmsprop:learning_rate=0.01,epsilon=1e-10,momentum=0.5,centered=true"),
  ])
  func recordedGradientsGiveTheNextStateOfEachRule(name: String, spec: String) throws {
    let folder = Fixtures.tensorFlow("2.21.0/optimizers")
    let replayed = try Replay.run(
      StateFormats.open("\(folder)/\(name)/model.ckpt-2").state,
      gradients: GradientFile("\(folder)/gradients.h5"),
      steps: 3,
      optimizer: OptimizerRecord(spec: spec),
      convention: .tensorflow
    )
    try expectEqual(replayed, "\(folder)/\(name)/model.ckpt-5")
  }

  @Test func whatCountsNothingBeginsAtZero() throws {
    func state(_ spec: String, step: Int64?) throws -> TrainingState {
      var state = try Sample.adam(step: step, optimizer: spec)
      for index in state.variables.indices { state.variables[index].slots = [] }
      return state
    }
    #expect(
      try TrainingRun(resuming: state("sgd:arithmetic=pytorch,learning_rate=0.1", step: nil))
        .globalStep == 0
    )
    #expect(
      try TrainingRun(resuming: state("sgd:arithmetic=pytorch,learning_rate=0.1", step: 7))
        .globalStep == 7
    )
    #expect(
      try errorCode {
        _ = try TrainingRun(resuming: state("adam:arithmetic=pytorch,learning_rate=0.1", step: nil))
      }
        == .malformed
    )
    // A schedule has to be told where it is.
    var scheduled = try state("sgd:arithmetic=pytorch,learning_rate=0.1", step: nil)
    scheduled.schedule = try ScheduleRecord(spec: "torch_exponential:learning_rate=0.1,gamma=0.9")
    #expect(try errorCode { _ = try TrainingRun(resuming: scheduled) } == .malformed)
  }

  @Test func updateWithoutGradientsIsNamed() throws {
    let folder = Fixtures.tensorFlow("2.21.0/bert")
    let error = try stateError {
      _ = try Replay.run(
        StateFormats.open("\(folder)/model.ckpt-5").state,
        gradients: GradientFile("\(folder)/gradients-5.h5"),
        steps: 6,
        optimizer: OptimizerRecord(spec: "bert_adamw"),
        convention: .tensorflow
      )
    }
    #expect(error?.code == .malformed)
    #expect(error?.message.hasPrefix("update 6: ") == true)
  }

  /// Every tensor's bytes are those of a state that TensorFlow wrote.
  private func expectEqual(_ state: TrainingState, _ path: String) throws {
    let expected = try StateFormats.open(path).state
    #expect(try bytes(state) == bytes(expected))
    #expect(state.globalStep?.value == expected.globalStep?.value)
  }

  private func bytes(_ state: TrainingState) throws -> [String: [UInt8]] {
    Dictionary(
      uniqueKeysWithValues: try state.allTensors.map { ($0.name, try $0.tensor.bytes()) }
    )
  }
}
