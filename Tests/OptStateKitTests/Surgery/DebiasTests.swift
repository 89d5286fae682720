import OptStateKit
import TestSupport
import Testing

@Suite("Debias")
struct DebiasTests {
  @Test(arguments: [Int64(1), 2, 10, 20, 1000, 100_000])
  func foldDividesByTheSumOfTheWeights(step: Int64) throws {
    let (state, plan) = try Debias(.fold).apply(to: Sample.adam(step: step))
    let factors = (1 - Sample.power(0.9, Int(step)), 1 - Sample.power(0.999, Int(step)))
    let first = try Sample.numbers(state, "dense/kernel", .firstMoment)
    let second = try Sample.numbers(state, "dense/kernel", .secondMoment)
    for place in 0..<4 {
      let expected = (
        Float(Double(Sample.first[place]) / factors.0),
        Float(Double(Sample.second[place]) / factors.1)
      )
      #expect(abs(first[place] - expected.0) <= expected.0.ulp)
      #expect(abs(second[place] - expected.1) <= expected.1.ulp)
    }
    let inflation = plan.variables.keys.first?.inflation ?? 0
    #expect(abs(inflation / (factors.0 / factors.1.squareRoot()) - 1) < 1e-9)
    #expect(state.variables.allSatisfy { $0.slots.allSatisfy { $0.history.isFolded } })
  }

  /// The figures that the article quotes.
  @Test(arguments: [
    (Int64(1), 3.162278), (10, 6.527881), (12, 6.568520), (100, 3.240799), (1000, 1.257584),
  ])
  func inflationIsThatOfTheArticle(step: Int64, inflation: Double) throws {
    let (_, plan) = try Debias(.fold).apply(to: Sample.adam(step: step))
    #expect(plan.variables.keys.allSatisfy { abs($0.inflation - inflation) < 1e-6 })
  }

  @Test func unfoldIsTheInverseToOneULP() throws {
    let source = try Sample.adam()
    let (folded, _) = try Debias(.fold).apply(to: source)
    let (back, plan) = try Debias(.unfold, knowsHistory: true).apply(to: folded)
    for slot in [SlotName.firstMoment, .secondMoment] {
      let pairs = zip(
        try Sample.numbers(back, "dense/bias", slot),
        try Sample.numbers(source, "dense/bias", slot)
      )
      for (one, other) in pairs { #expect(abs(one - other) <= other.ulp) }
    }
    #expect(back.variables.allSatisfy { $0.slots.allSatisfy { $0.history.isPlain } })
    #expect(try RoundingLoss(plan).largestULP <= 1)
  }

  @Test func everyVariableCountsFromItsOwnReset() throws {
    let (reset, _) = try Reset().apply(to: Sample.adam(step: 15)) { $0 == "dense/bias" }
    var later = reset
    later.globalStep?.value = 20
    for slot in later.variables[1].slots.indices {
      later.variables[1].slots[slot].tensor = try Sample.adam().variables[1].slots[slot].tensor
    }
    let (folded, plan) = try Debias(.fold).apply(to: later)
    #expect(plan.variables.map { $0.key.step1 }.sorted() == [5, 20])
    let expected = Float(0.5 / (1 - Sample.power(0.9, 5)))
    let found = try Sample.numbers(folded, "dense/bias", .firstMoment)[0]
    #expect(abs(found - expected) <= expected.ulp)
    #expect(folded.variables.map(\.slotsStart) == [0, 15])
  }

  @Test func momentsThatWereResetAreFoldedLater() throws {
    let (folded, _) = try Debias(.fold).apply(to: Sample.adam())
    #expect(try errorCode { _ = try Debias(.fold).apply(to: folded) } == .unsupported)
    var (mixed, _) = try Reset().apply(to: folded) { $0 == "dense/bias" }
    #expect(try errorCode { _ = try Debias(.fold).apply(to: mixed) } == .unsupported)
    mixed.globalStep?.value = 25
    let (again, plan) = try Debias(.fold).apply(to: mixed)
    #expect(plan.alreadyFolded == 1)
    #expect(plan.variables.map { $0.key.step1 } == [5])
    #expect(
      try Sample.numbers(again, "dense/kernel", .firstMoment)
        == Sample.numbers(folded, "dense/kernel", .firstMoment)
    )
  }

  @Test func declarationLeavesTheMomentsAndChangesTheRecord() throws {
    let (state, _) = try Debias(.declare, step: 8).apply(to: Sample.adam())
    #expect(try Sample.numbers(state, "dense/bias", .firstMoment) == Sample.first)
    #expect(state.optimizer?.kind == "adamw")
    #expect(state.optimizer?.hyperparameters["bias_correction"] == .string("power"))
    #expect(state.optimizer?.hyperparameters["epsilon"] == .double(1e-6))
    #expect(state.variables.allSatisfy { $0.slotsStart == 12 })
    let (folded, _) = try Debias(.fold).apply(to: Sample.adam())
    #expect(try errorCode { _ = try Debias(.declare).apply(to: folded) } == .unsupported)
  }

  @Test func recordOfACorrectingOptimizerAgreesWithFoldedMoments() throws {
    let source = try Sample.adam(optimizer: "adamw:bias_correction=power")
    let (folded, plan) = try Debias(.fold).apply(to: source)
    #expect(folded.optimizer?.hyperparameters["bias_correction"] == .string("none"))
    #expect(plan.notes.count == 1)
    let (back, _) = try Debias(.unfold, knowsHistory: true).apply(to: folded)
    #expect(back.optimizer == source.optimizer)
    #expect(back.attributes.isEmpty)
  }

  @Test func foldedMomentsAreNotCorrectedAgain() throws {
    let (folded, _) = try Debias(.fold).apply(to: Sample.adam())
    _ = try TrainingRun(resuming: folded, convention: .tensorflow)
    let adamw = try OptimizerRecord(spec: "adamw")
    #expect(
      try errorCode {
        _ = try TrainingRun(resuming: folded, optimizer: adamw, convention: .tensorflow)
      } == .unsupported
    )
    let none = try OptimizerRecord(spec: "adamw:bias_correction=none")
    _ = try TrainingRun(resuming: folded, optimizer: none, convention: .tensorflow)
  }

  @Test func nothingIsAssumed() throws {
    let bare = try Sample.adam(optimizer: nil)
    #expect(try errorCode { _ = try Debias(.fold).apply(to: bare) } == .unsupported)
    _ = try Debias(.fold, beta1: 0.9, beta2: 0.98).apply(to: bare)
    let uncounted = try Sample.adam(step: nil)
    #expect(try errorCode { _ = try Debias(.fold).apply(to: uncounted) } == .unsupported)
    _ = try Debias(.fold, step: 3).apply(to: uncounted)
    let lion = try Sample.adam(optimizer: "lion")
    #expect(try errorCode { _ = try Debias(.fold).apply(to: lion) } == .unsupported)
    let plain = try Sample.adam()
    #expect(
      try errorCode { _ = try Debias(.unfold, knowsHistory: true).apply(to: plain) } == .unsupported
    )
    // A format without a place for it cannot say whether the moments are folded.
    _ = try Debias(.unfold).apply(to: plain)
  }

  @Test func stateAtStepZeroHasNothingToFold() throws {
    #expect(try errorCode { _ = try Debias(.fold).apply(to: Sample.adam(step: 0)) } == .unsupported)
  }

  @Test func sizesOfUpdatesAreThoseOfTheFormula() throws {
    let source = try Sample.adam()
    let (_, plan) = try Debias(.fold).apply(to: source)
    let sizes = try UpdateSize.measure(plan)
    let factors = (1 - Sample.power(0.9, 20), 1 - Sample.power(0.999, 20))
    let before = zip(Sample.first, Sample.second).map { m, v in
      Double(m) / (Double(v).squareRoot() + 1e-6)
    }
    let after = zip(Sample.first, Sample.second).map { m, v in
      Double(m) / factors.0 / ((Double(v) / factors.1).squareRoot() + 1e-6)
    }
    for (found, expected) in [(sizes.before, before), (sizes.after, after)] {
      let rms = (expected.map { $0 * $0 }.reduce(0, +) / 4).squareRoot()
      #expect(abs(found.rms / rms - 1) < 1e-6)
      #expect(abs(found.largest / (expected.map(abs).max() ?? 0) - 1) < 1e-6)
    }
    #expect(!sizes.lacksEpsilon)
  }

  @Test func frozenFactorMovesIntoTheRate() throws {
    var source = try Sample.adam(optimizer: "bert_adamw:bias_correction=frozen")
    source.schedule = try ScheduleRecord(
      spec: "bert:learning_rate=1e-3,num_train_steps=100,num_warmup_steps=8"
    )
    let (state, plan) = try Debias(.translateFrozen).apply(to: source)
    #expect(abs(plan.rateFactor - 0.001.squareRoot() / 0.1) < 1e-12)
    #expect(state.optimizer?.hyperparameters["bias_correction"] == .string("none"))
    let gradient = ["dense/bias": try floats([0.1, -0.2, 0.3, 0.4], [2, 2])]
    let runs = try [source, state].map { try TrainingRun(resuming: $0, convention: .tensorflow) }
    for run in runs { try run.apply(gradient) }
    for (one, other) in zip(try runs[0].floats("dense/bias"), try runs[1].floats("dense/bias")) {
      #expect(abs(one - other) <= other.ulp)
    }
    #expect(
      try errorCode { _ = try Debias(.translateFrozen).apply(to: Sample.adam()) } == .unsupported
    )
  }
}
