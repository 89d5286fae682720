import Tensors
import Testing

@testable import OptimizerCore

@Suite("Schedule")
struct ScheduleTests {
  private func rates(_ spec: String, _ steps: [Int64]) throws -> [Double] {
    let schedule = try Schedule(ScheduleRecord(spec: spec))
    return try steps.map { try schedule.learningRate(at: $0) }
  }

  private func expectClose(_ found: [Double], _ expected: [Double]) {
    #expect(found.count == expected.count)
    for (a, b) in zip(found, expected) { #expect(abs(a - b) <= 1e-12 * max(abs(b), 1e-3)) }
  }

  static let examples: [ScheduleKind: String] = [
    .constant: "learning_rate=0.5", .exponential: "learning_rate=1,decay_steps=10,decay_rate=0.5",
    .piecewiseConstant: "boundaries=[2],values=[1;0.5]",
    .piecewiseLinear: "learning_rate=1,steps=[4;8],multiples=[1;0.5]",
    .polynomial: "learning_rate=1,decay_steps=10", .cosine: "learning_rate=1,decay_steps=10",
    .cosineRestarts: "learning_rate=1,first_decay_steps=10", .inverseSquareRoot: "learning_rate=1",
    .inverseTime: "learning_rate=1,decay_steps=10,decay_rate=0.5",
    .bert: "learning_rate=1,num_train_steps=10", .kerasBERT: "learning_rate=1,decay_steps=10",
    .torchStep: "learning_rate=1,step_size=3", .torchMultiStep: "learning_rate=1,milestones=[2;5]",
    .torchLinear: "learning_rate=1,start_factor=0.2,end_factor=0.5",
    .torchExponential: "learning_rate=1,gamma=0.9", .torchCosine: "learning_rate=1,T_max=50",
    .torchCosineRestarts: "learning_rate=1,T_0=3,T_mult=2",
    .torchCyclic: "learning_rate=0.1,max_learning_rate=1,total_size=9,mode=triangular2",
    .torchOneCycle:
      "learning_rate=0.1,max_learning_rate=1,min_learning_rate=0.01,total_steps=20,phase_ends=[5;19]",
    .torchSequential:
      "learning_rate=1,schedules=[\"torch_linear:start_factor=0.2,end_factor=0.9\";torch_polynomial],"
      + "milestones=[4]",
    .torchChained: "learning_rate=1,schedules=[torch_polynomial;\"torch_exponential:gamma=0.9\"]",
  ]

  @Test(arguments: ScheduleKind.allCases)
  func everyKindFillsInItsDefaultsAndReadsThemBack(_ kind: ScheduleKind) throws {
    let hasEnd = [
      .huggingFaceLinear, .huggingFaceCosine, .huggingFaceCosineWithRestarts,
      .huggingFacePolynomial,
    ]
    .contains(kind)
    let standard = "learning_rate=1" + (hasEnd ? ",num_training_steps=10" : "")
    let spec = "\(kind.rawValue):\(Self.examples[kind] ?? standard)"
    let schedule = try Schedule(ScheduleRecord(spec: spec))
    let again = try Schedule(ScheduleRecord(spec: schedule.record.description))
    #expect(again.record == schedule.record)
    for step in Int64(0)..<40 {
      let rate = try schedule.learningRate(at: step)
      #expect(rate.isFinite && rate >= 0 && rate <= 1)
    }
    if let end = schedule.end {
      let last = try schedule.learningRate(at: end)
      #expect(try schedule.learningRate(at: end + 1) == last)
      #expect(try schedule.learningRate(at: end + 1000) == last)
      if end > 0 { #expect(try schedule.learningRate(at: end - 1) != last) }
    }
  }

  @Test(arguments: [Int64(-1), .min, .max])
  func stepOutOfRangeIsRejected(_ step: Int64) throws {
    let schedule = try Schedule(ScheduleRecord(spec: "constant:learning_rate=1"))
    #expect(throws: StateError.self) { try schedule.learningRate(at: step) }
    #expect(throws: StateError.self) { try schedule.roundedLearningRate(at: step) }
  }

  @Test(arguments: ScheduleKind.allCases)
  func hugeStepIsNoTrap(_ kind: ScheduleKind) throws {
    let hasEnd = kind.rawValue.hasPrefix("hf_")
    let keys = Self.examples[kind] ?? "learning_rate=1" + (hasEnd ? ",num_training_steps=10" : "")
    guard let record = try? ScheduleRecord(spec: "\(kind.rawValue):\(keys)") else { return }
    _ = try Schedule(record).learningRate(at: .max - 1)
    _ = try Schedule(record).roundedLearningRate(at: .max - 1)
  }

  @Test(arguments: [
    "constant", "constant:rate=1", "warm:learning_rate=1",
    "polynomial:learning_rate=1,decay_steps=0",
    "polynomial:learning_rate=1,decay_steps=1.5",
    "piecewise_constant:boundaries=[1;2],values=[1;2]",
    "piecewise_constant:boundaries=[2;1],values=[1;2;3]",
    "piecewise_linear:learning_rate=1,steps=[],multiples=[]", "bert:learning_rate=1",
    "bert:learning_rate=1,num_train_steps=10,step_reading=sometimes",
    "cosine:learning_rate=1,decay_steps=10,warmup_counting=two", "hf_linear:learning_rate=1",
    "hf_polynomial:learning_rate=0,num_training_steps=9",
    "cosine_restarts:learning_rate=1,first_decay_steps=10,t_mul=0.5",
    "torch_multi_step:learning_rate=1,milestones=[1.5]",
    "torch_sequential:learning_rate=1,schedules=[torch_linear],milestones=[2]",
    "torch_sequential:learning_rate=1,schedules=[torch_linear;constant],milestones=[2]",
    "torch_chained:learning_rate=1,schedules=[torch_linear;\"torch_cosine:T_max=3\"]",
    "torch_one_cycle:learning_rate=0.1,max_learning_rate=1,min_learning_rate=0,total_steps=9,phase_ends=[9;3]",
  ])
  func recordThatMakesNoSenseIsRejected(_ spec: String) {
    #expect {
      try ScheduleRecord(spec: spec)
    } throws: { error in
      (error as? StateError)?.code == .invalidArgument
    }
  }

  @Test(arguments: ScheduleKind.allCases)
  func aFormulaIsTheSameCurve(_ kind: ScheduleKind) throws {
    let keys = Self.examples[kind] ?? "learning_rate=1,num_training_steps=10"
    guard let record = try? ScheduleRecord(spec: "\(kind.rawValue):\(keys)"),
      let formula = record.formula
    else { return }
    expectClose(
      try rates("\(formula)", Array(0..<12)),
      try rates("\(record)", Array(0..<12))
    )
  }

  @Test
  func pyTorchsRatesComeOneOutOfTheOther() throws {
    // A power of the step would round otherwise.
    var rate = 0.1
    for step in Int64(0)..<40 {
      #expect(try rates("torch_exponential:learning_rate=0.1,gamma=0.93", [step]) == [rate])
      rate *= 0.93
    }
    // Asked for backwards, and from another base.
    let schedule = try Schedule(
      ScheduleRecord(spec: "torch_cosine:learning_rate=0.1,T_max=7,eta_min=0.01")
    )
    let forwards = try (0..<30).map { try schedule.learningRate(at: $0) }
    #expect(
      try (0..<30).reversed().map { try schedule.learningRate(at: $0) } == forwards.reversed()
    )
    let other = try schedule.withLearningRate(0.2)
    #expect(try other.learningRate(at: 3) != schedule.learningRate(at: 3))
    #expect(try other.record == Schedule(other.record).record)
    // The longest cosine there is has a bottom that nobody reaches.
    #expect(try rates("torch_cosine:learning_rate=0.1,T_max=\(Int64.max)", [5]) == [0.1])
    // Past what is followed the closed form goes on.
    let limit = TorchPosition.limit
    let long = try rates(
      "torch_step:learning_rate=1,step_size=\(limit / 4),gamma=0.5",
      [limit, limit + 1]
    )
    #expect(long == [0.0625, 0.0625])
  }

  @Test
  func bertDropsWhereItsWarmupEnds() throws {
    let spec = "bert:learning_rate=1,num_train_steps=10,num_warmup_steps=4,folding=false"
    expectClose(try rates(spec, [0, 1, 3, 4, 9, 10, 11]), [0, 0.25, 0.75, 0.6, 0.1, 0, 0])
  }

  @Test
  func kerasBERTCountsFromOne() throws {
    let spec = "keras_bert:learning_rate=1,decay_steps=10,warmup_steps=4,min_learning_rate=0.1"
    expectClose(try rates(spec, [0, 3, 4, 8, 9, 20]), [0.25, 1, 0.55, 0.19, 0.1, 0.1])
    // The same as a polynomial behind a warm-up that counts from one and decays from the start.
    let same =
      "polynomial:learning_rate=1,decay_steps=10,end_learning_rate=0.1,warmup_steps=4"
      + ",warmup_counting=one,decay_origin=start"
    expectClose(try rates(same, [0, 3, 4, 8, 9, 20]), [0.25, 1, 0.55, 0.19, 0.1, 0.1])
  }

  @Test
  func huggingFaceDecaysFromTheEndOfItsWarmup() throws {
    let spec = "learning_rate=1,num_training_steps=12,num_warmup_steps=4"
    expectClose(try rates("hf_linear:\(spec)", [0, 2, 4, 8, 12, 13]), [0, 0.5, 1, 0.5, 0, 0])
    expectClose(try rates("hf_cosine:\(spec)", [0, 4, 8, 12]), [0, 1, 0.5, 0])
    expectClose(
      try rates("hf_cosine_with_restarts:\(spec),num_cycles=2", [4, 6, 8, 10, 12]),
      [1, 0.5, 1, 0.5, 0]
    )
    expectClose(
      try rates("hf_polynomial:\(spec),power=2,end_learning_rate=0.1", [2, 4, 8, 12, 13]),
      [0.5, 1, 0.325, 0.1, 0.1]
    )
    expectClose(
      try rates("hf_inverse_sqrt:learning_rate=1,num_warmup_steps=4", [2, 4, 16]),
      [0.5, 1, 0.5]
    )
    expectClose(
      try rates("hf_constant_with_warmup:learning_rate=1,num_warmup_steps=4", [1, 4, 9]),
      [0.25, 1, 1]
    )
  }

  @Test
  func warmupStandsInFrontOfAnyCurve() throws {
    let warm = ",warmup_steps=4,warmup_learning_rate=0.2"
    expectClose(
      try rates("constant:learning_rate=1" + warm, [0, 2, 4, 5]),
      [0.2, 0.6, 1, 1]
    )
    expectClose(
      try rates("piecewise_constant:boundaries=[2],values=[1;0.5]" + warm, [0, 4, 6, 7]),
      [0.2, 1, 1, 0.5]
    )
    let noam = "inverse_sqrt:learning_rate=1,timescale=4,warmup_steps=4,decay_origin=start"
    expectClose(try rates(noam, [0, 2, 4, 16]), [0, 0.5, 1, 0.5])
  }

  @Test
  func piecewiseLinearBeginsAtZeroAndStaysAtItsLast() throws {
    let spec = "piecewise_linear:learning_rate=2,steps=[4;8],multiples=[1;0.5]"
    expectClose(try rates(spec, [0, 2, 4, 6, 8, 100]), [0, 1, 2, 1.5, 1, 1])
    let knot = "piecewise_linear:learning_rate=2,steps=[0;8],multiples=[1;0.5]"
    expectClose(try rates(knot, [0, 4]), [2, 1.5])
  }

  @Test
  func anotherBaseRateScalesTheSchedule() throws {
    let schedule = try Schedule(ScheduleRecord(spec: "cosine:learning_rate=1,decay_steps=10"))
    let half = try schedule.withLearningRate(0.5)
    #expect(try half.learningRate(at: 3) == schedule.learningRate(at: 3) / 2)
    let pieces = try Schedule(
      ScheduleRecord(spec: "piecewise_constant:boundaries=[2],values=[1;2]")
    )
    #expect(throws: StateError.self) { try pieces.withLearningRate(1) }
  }

  @Test
  func arithmeticDecidesTheRounding() throws {
    let schedule = try Schedule(ScheduleRecord(spec: "constant:learning_rate=0.1"))
    #expect(try schedule.learningRate(at: 0, in: .pytorch) == 0.1)
    #expect(try schedule.learningRate(at: 0, in: .keras) == Double(Float(0.1)))
  }
}
