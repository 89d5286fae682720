import OptStateKit
import TestSupport
import Testing

/// TensorFlow's powers of beta, whatever stands around their names.
@Suite("Powers of beta")
struct BetaPowerTests {
  private func power(_ name: String, _ value: Float) throws -> StateTensor {
    StateTensor(name, try floats([value], []))
  }

  private func value(_ state: TrainingState, _ name: String) throws -> Float {
    let tensor = try #require(state.optimizerTensors.first { $0.name == name })
    let bytes = try tensor.tensor.bytes()
    return Float(bitPattern: bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
  }

  @Test(arguments: ["", "_1", "_12"], ["", "training/"])
  func everyPairGoesOn(_ number: String, _ scope: String) throws {
    var state = try Sample.adam(step: 0, optimizer: nil)
    state.optimizerTensors = [
      try power("\(scope)beta1_power\(number)", 0.5),
      try power("\(scope)beta2_power\(number)", 0.75),
    ]
    let run = try TrainingRun(
      resuming: state,
      optimizer: OptimizerRecord(
        spec: "adam:learning_rate=0.1,beta1=0.5,beta2=0.75,arithmetic=tensorflow"
      )
    )
    try run.apply(["dense/kernel": floats([1, 2, 3, 4], [2, 2])])
    let after = try run.snapshot()
    #expect(try value(after, "\(scope)beta1_power\(number)") == 0.25)
    #expect(try value(after, "\(scope)beta2_power\(number)") == 0.5625)
  }
}
