import OptimizerCatalog
import OptimizerCore
import Tensors
import TestSupport
import Testing
import TrainingState

/// Where each value of a state's optimizer comes from.
@Suite("ResolvedOptimizer")
struct ResolvedOptimizerTests {
  private func state(
    _ record: OptimizerRecord?,
    from framework: Origin.Framework = .unknown,
    powers: [Float] = [],
    step: Int64 = 3
  ) throws -> TrainingState {
    TrainingState(
      globalStep: GlobalStep(step),
      optimizerTensors: try zip(["beta1_power", "beta2_power"], powers).map {
        StateTensor($0, try floats([$1], []))
      },
      optimizer: record,
      origin: Origin("any", framework)
    )
  }

  @Test
  func whatTheFileSaysGoesBeforeWhatPowersProve() throws {
    let powers: [Float] = [0.8 * 0.8 * 0.8 * 0.8, 0.99 * 0.99 * 0.99 * 0.99]
    let record = OptimizerRecord(kind: "adam", hyperparameters: ["beta1": .double(0.5)])
    let resolved = try ResolvedOptimizer(try state(record, powers: powers))
    #expect(resolved.beta(.beta1, for: "").value == 0.5)
    #expect(resolved.beta(.beta1, for: "").provenance == .said)
    #expect(abs(resolved.beta(.beta2, for: "").value - 0.99) < 1e-6)
    #expect(resolved.beta(.beta2, for: "").provenance == .proved)
  }

  @Test
  func aGroupSpeaksForItsMembersAndTheUserForAll() throws {
    var record = OptimizerRecord(kind: "adamw", hyperparameters: ["beta1": .double(0.5)])
    record.groups = [ParameterGroup(overrides: ["beta1": .double(0.25)], members: ["w"])]
    let said = try ResolvedOptimizer(try state(record))
    #expect(said.beta(.beta1, for: "w").value == 0.25)
    #expect(said.beta(.beta1, for: "b").value == 0.5)
    let told = try ResolvedOptimizer(try state(record), betas: (0.75, nil))
    #expect(told.beta(.beta1, for: "w").value == 0.75)
    #expect(told.beta(.beta1, for: "w").provenance == .told)
  }

  @Test
  func whatIsUsualIsNotKnown() throws {
    let bare = try ResolvedOptimizer(try state(nil))
    #expect(bare.beta(.beta2, for: "").value == 0.999)
    #expect(bare.beta(.beta2, for: "").provenance == .assumed)
    #expect(!bare.beta(.beta2, for: "").provenance.isCertain)
    let code = try errorCode { _ = try bare.knownBeta(.beta2, for: "") }
    #expect(code == .unsupported)
    // A rule's default is known, and still nothing that destructive advice rests on.
    let record = OptimizerRecord(kind: "lamb")
    let named = try ResolvedOptimizer(try state(record))
    #expect(try named.knownBeta(.beta2, for: "") == 0.999)
    #expect(named.beta(.beta2, for: "").provenance == .standard)
  }

  @Test(arguments: [
    (Origin.Framework.tensorFlow, Arithmetic.tensorflow, Provenance.standard),
    (.keras, .tensorflow, .assumed), (.optstate, .tensorflow, .assumed),
    (.pytorch, .pytorchFused, .assumed), (.unknown, .pytorchFused, .assumed),
  ])
  func arithmeticFollowsTheOriginWhereNothingSaysIt(
    _ framework: Origin.Framework,
    _ arithmetic: Arithmetic,
    _ provenance: Provenance
  ) throws {
    let record = OptimizerRecord(kind: "adam")
    let resolved = try ResolvedOptimizer(try state(record, from: framework)).arithmetic
    #expect(resolved?.value == arithmetic)
    #expect(resolved?.provenance == provenance)
    var said = record
    said.hyperparameters["arithmetic"] = .string("keras")
    let own = try ResolvedOptimizer(try state(said, from: framework)).arithmetic
    #expect(own?.value == .keras && own?.provenance == .said)
    let target = try ResolvedOptimizer(try state(record, from: framework), for: .pytorch)
    #expect(target.arithmetic?.value == .pytorchFused)
    #expect(target.value("weight_decay", for: "")?.value.number == 0)
  }

  @Test
  func anUnknownKindHasItsRecordAndNoRule() throws {
    let record = OptimizerRecord(kind: "prodigy", hyperparameters: ["d": .double(2)])
    let resolved = try ResolvedOptimizer(try state(record))
    #expect(resolved.optimizer == nil)
    #expect(resolved.correctsBias == nil)
    #expect(resolved.value("d", for: "w")?.value == .double(2))
    #expect(try resolved.isSparedDecay("w") == false)
  }

  @Test
  func aDecayThatMakesNoSenseIsRefused() throws {
    for beta in [1.0, -0.1, .nan] {
      let code = try errorCode {
        _ = try ResolvedOptimizer(try state(nil), betas: (beta, nil))
      }
      #expect(code == .invalidArgument, "\(beta)")
    }
  }
}
