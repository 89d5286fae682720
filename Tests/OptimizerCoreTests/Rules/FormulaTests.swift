import Tensors
import Testing

@testable import OptimizerCore

/// Rules that no recording covers, against their formulas written out in `Double`.
@Suite("Formulas")
struct FormulaTests {
  /// One parameter, three updates.
  private func values(_ spec: String, _ convention: Convention = .tensorflow) throws -> [Double] {
    let optimizer = try Optimizer(OptimizerRecord(spec: spec), convention: convention)
    let trainer = try Trainer<Double>(optimizer, [("w", [1], [0.5])])
    return try Self.gradients.enumerated().map { index, gradient in
      try trainer.update(["w": [gradient]], StepContext(step: Int64(index + 1)))
      return trainer["w", "value"][0]
    }
  }

  private static let gradients = [0.3, -0.7, 0.11]

  private func expectClose(_ found: [Double], _ expected: (Double, Int) -> (Double)) {
    for (index, gradient) in Self.gradients.enumerated() {
      let value = expected(gradient, index + 1)
      #expect(abs(found[index] - value) <= 1e-12 * abs(value))
    }
  }

  @Test
  func kerasBERTScalesItsDecayByTheCorrection() throws {
    var (p, m, v) = (0.5, 0.0, 0.0)
    expectClose(try values("keras_bert_adamw:learning_rate=0.01,weight_decay=0.1")) { g, t in
      m = 0.9 * m + (1 - 0.9) * g
      v = 0.999 * v + (1 - 0.999) * g * g
      let power = (BetaPower.exact(0.9, step: Int64(t)), BetaPower.exact(0.999, step: Int64(t)))
      let alpha = 0.01 * (1 - power.1).squareRoot() / (1 - power.0)
      p -= alpha * (m / (v.squareRoot() + 1e-7) + 0.1 * p)
      return p
    }
  }

  @Test
  func frozenBERTScalesEveryUpdateByTheFirstCorrection() throws {
    var (p, m, v) = (0.5, 0.0, 0.0)
    let spec = "bert_adamw:learning_rate=0.01,weight_decay=0.1,bias_correction=frozen"
    let b = (1 - 0.999).squareRoot() / (1 - 0.9)
    expectClose(try values(spec)) { g, _ in
      m = 0.9 * m + (1 - 0.9) * g
      v = 0.999 * v + (1 - 0.999) * g * g
      p -= 0.01 * (m / (v.squareRoot() + 1e-6) + 0.1 * p) * b
      return p
    }
  }

  @Test(arguments: ["corrected", "hat"])
  func adaxGrowsItsSecondMoment(_ form: String) throws {
    var (p, m, v) = (0.5, 0.0, 0.0)
    let spec = "adax:learning_rate=0.01,epsilon=1e-6,epsilon_placement=\(form)"
    expectClose(try values(spec)) { g, t in
      m = 0.9 * m + (1 - 0.9) * g
      v = (1 + 1e-4) * v + 1e-4 * g * g
      let growth = Mathematics.power(1 + 1e-4, Double(t)) - 1
      if form == "corrected" {
        p -= 0.01 * m / ((v / growth).squareRoot() + 1e-6)
      } else {
        p -= 0.01 * growth.squareRoot() * m / (v.squareRoot() + 1e-6)
      }
      return p
    }
  }

  @Test
  func lambKeepsItsDecayInsideTheRatio() throws {
    var (p, m, v) = (0.5, 0.0, 0.0)
    expectClose(try values("lamb:learning_rate=0.01,weight_decay=0.1")) { g, t in
      m = 0.9 * m + (1 - 0.9) * g
      v = 0.999 * v + (1 - 0.999) * g * g
      let mHat = m / (1 - BetaPower.exact(0.9, step: Int64(t)))
      let vHat = v / (1 - BetaPower.exact(0.999, step: Int64(t)))
      let r = mHat / (vHat.squareRoot() + 1e-6) + 0.1 * p
      p -= abs(p) / abs(r) * 0.01 * r
      return p
    }
  }

  @Test
  func adamWithoutCorrectionIsTheSameInAllForms() throws {
    for (form, convention) in [
      ("hat", Convention.tensorflow), ("corrected", .tensorflow), ("hat", .pytorch),
      ("corrected", .pytorch),
    ] {
      var (p, m, v) = (0.5, 0.0, 0.0)
      let spec =
        "adam:learning_rate=0.01,bias_correction=none,epsilon=0.001,epsilon_placement=\(form)"
      expectClose(try values(spec, convention)) { g, _ in
        m = 0.9 * m + (1 - 0.9) * g
        v = 0.999 * v + (1 - 0.999) * g * g
        p -= 0.01 * m / (v.squareRoot() + 0.001)
        return p
      }
    }
  }

  @Test
  func epsilonFormsDifferByTheCorrection() throws {
    for convention in Convention.allCases {
      for form in ["hat", "corrected"] {
        var (p, m, v) = (0.5, 0.0, 0.0)
        let spec = "adam:learning_rate=0.01,epsilon=0.1,epsilon_placement=\(form)"
        expectClose(try values(spec, convention)) { g, t in
          m = 0.9 * m + (1 - 0.9) * g
          v = 0.999 * v + (1 - 0.999) * g * g
          let c1 = 1 - BetaPower.exact(0.9, step: Int64(t))
          let c2 = 1 - BetaPower.exact(0.999, step: Int64(t))
          p -=
            form == "hat"
            ? 0.01 * c2.squareRoot() / c1 * m / (v.squareRoot() + 0.1)
            : 0.01 * (m / c1) / ((v / c2).squareRoot() + 0.1)
          return p
        }
      }
    }
  }

  @Test
  func bertInTorchIsTheFirstPort() throws {
    var (p, m, v) = (0.5, 0.0, 0.0)
    expectClose(try values("bert_adamw:learning_rate=0.01", .pytorch)) { g, _ in
      m = 0.9 * m + (1 - 0.9) * g
      v = 0.999 * v + (1 - 0.999) * g * g
      p -= 0.01 * (m / (v.squareRoot() + 1e-6) + 0.01 * p)
      return p
    }
  }

  @Test(arguments: ["tensorflow", "keras", "pytorch"])
  func adadeltaStepsInTheUnitsOfTheWeights(_ arithmetic: String) throws {
    var (p, a, d) = (0.5, 0.0, 0.0)
    let spec = "adadelta:arithmetic=\(arithmetic),learning_rate=0.3,rho=0.9,epsilon=0.001"
    let convention: Convention = arithmetic == "pytorch" ? .pytorch : .tensorflow
    expectClose(try values(spec, convention)) { g, _ in
      a = 0.9 * a + 0.1 * g * g
      let u = ((d + 0.001) / (a + 0.001)).squareRoot() * g
      d = 0.9 * d + 0.1 * u * u
      p -= 0.3 * u
      return p
    }
  }

  @Test(arguments: ["tensorflow", "keras", "pytorch"])
  func adamaxDividesByTheGreatestGradient(_ arithmetic: String) throws {
    var (p, m, u) = (0.5, 0.0, 0.0)
    let isTorch = arithmetic == "pytorch"
    let spec = "adamax:arithmetic=\(arithmetic),learning_rate=0.3,epsilon=0.01"
    expectClose(try values(spec, isTorch ? .pytorch : .tensorflow)) { g, t in
      m = 0.9 * m + (1 - 0.9) * g
      u = max(0.999 * u, abs(g) + (isTorch ? 0.01 : 0))
      let correction = 1 - BetaPower.exact(0.9, step: Int64(t))
      p -= 0.3 / correction * m / (u + (isTorch ? 0 : 0.01))
      return p
    }
  }

  @Test
  func nadamLooksAhead() throws {
    var (p, m, v, product) = (0.5, 0.0, 0.0, 1.0)
    let spec = "nadam:learning_rate=0.3,epsilon=0.001,momentum_decay=0.5"
    expectClose(try values(spec, .tensorflow)) { g, t in
      m = 0.9 * m + (1 - 0.9) * g
      v = 0.999 * v + (1 - 0.999) * g * g
      func mu(_ t: Int) -> Double { 0.9 * (1 - 0.5 * Mathematics.power(0.96, 0.5 * Double(t))) }
      product *= mu(t)
      let mHat = mu(t + 1) * m / (1 - product * mu(t + 1)) + (1 - mu(t)) * g / (1 - product)
      let vHat = v / (1 - BetaPower.exact(0.999, step: Int64(t)))
      p -= 0.3 * mHat / (vHat.squareRoot() + 0.001)
      return p
    }
  }

  @Test(arguments: [false, true])
  func radamWaitsUntilItKnowsEnough(_ isForeach: Bool) throws {
    // Not within three steps, whatever beta2 is.
    for beta2 in [0.5, 0.999] {
      var (p, m, v) = (0.5, 0.0, 0.0)
      let spec = "radam:learning_rate=0.3,epsilon=0.001,beta2=\(beta2),foreach=\(isForeach)"
      expectClose(try values(spec, .pytorch)) { g, t in
        m = 0.9 * m + (1 - 0.9) * g
        v = beta2 * v + (1 - beta2) * g * g
        let power = BetaPower.exact(beta2, step: Int64(t))
        let longest = 2 / (1 - beta2) - 1
        #expect(longest - 2 * Double(t) * power / (1 - power) <= 5)
        p -= 0.3 * m / (1 - BetaPower.exact(0.9, step: Int64(t)))
        return p
      }
    }
  }

  @Test
  func rpropFollowsSigns() throws {
    // 0.3, then −0.7: the sign changes, the step shrinks and the gradient is forgotten; then 0.11 is a first one.
    let found = try values("rprop:learning_rate=0.25,eta_minus=0.5,step_size_max=0.3", .pytorch)
    #expect(found == [0.25, 0.25, 0.125])
    let grown = try values("rprop:learning_rate=0.25,eta_minus=2,step_size_max=0.3", .pytorch)
    #expect(grown == [0.25, 0.25, 0.25 - 0.3])
  }

  @Test(arguments: ["tensorflow", "keras"])
  func ftrlSolvesItsLinearModel(_ arithmetic: String) throws {
    for (power, exponent) in [("-0.5", 0.5), ("-0.75", 0.75)] {
      var (p, a, z) = (0.5, 0.1, 0.0)
      let spec =
        "ftrl:arithmetic=\(arithmetic),learning_rate=0.3,learning_rate_power=\(power),beta=0.2,"
        + "l1_regularization_strength=0.01,l2_regularization_strength=0.02,"
        + "l2_shrinkage_regularization_strength=0.03"
      expectClose(try values(spec)) { g, _ in
        let next = Mathematics.power(a + g * g, exponent)
        z += g + 2 * 0.03 * p - (next - Mathematics.power(a, exponent)) / 0.3 * p
        a += g * g
        let q = next / 0.3 + 2 * (0.02 + 0.2 / (2 * 0.3))
        p = (max(-0.01, min(z, 0.01)) - z) / q
        return p
      }
    }
  }

  @Test
  func scheduleFreeAdamWAveragesItsFastSequence() throws {
    let spec =
      "schedule_free_adamw:learning_rate=0.3,warmup_steps=2,weight_decay=0.1,r=1,epsilon=0.001"
    var optimizer = try Optimizer(OptimizerRecord(spec: spec))
    let trainer = try Trainer<Double>(optimizer, [("w", [1], [0.5])])
    var (y, z, v, sum) = (0.5, 0.5, 0.0, 0.0)
    for (index, g) in Self.gradients.enumerated() {
      let t = Double(index + 1)
      try trainer.update(["w": [g]], StepContext(step: Int64(index + 1)))
      let rate = 0.3 * min(1, t / 2)
      v = 0.999 * v + (1 - 0.999) * g * g
      let vHat = v / (1 - BetaPower.exact(0.999, step: Int64(index + 1)))
      let u = g / (vHat.squareRoot() + 0.001) + 0.1 * y
      sum += t * rate * rate
      let c = t * rate * rate / sum
      y = y + c * (z - y) + rate * (0.9 * (1 - c) - 1) * u
      z -= rate * u
      #expect(abs(trainer["w", "value"][0] - y) <= 1e-12)
      #expect(abs(trainer["w", "schedule_free_z"][0] - z) <= 1e-12)
      let next = try optimizer.advanced(pastUpdate: Int64(index + 1)) { _ in nil }
      optimizer = try #require(next)
      let recorded = try #require(optimizer.record.hyperparameters["weight_sum"]?.number)
      #expect(abs(recorded - sum) <= 1e-15)
      #expect(optimizer.record.hyperparameters["lr_max"] == .double(rate))
      try trainer.follow(optimizer)
    }
    let counted = try Optimizer(OptimizerRecord(spec: "schedule_free_adamw:k=41"))
    let next = try counted.advanced(pastUpdate: 1) { _ in nil }
    #expect(next?.record.hyperparameters["k"] == .int(42))
    #expect(throws: StateError.self) {
      try Optimizer(OptimizerRecord(spec: "schedule_free_adamw:train_mode=false"))
    }
    #expect(
      try Optimizer(OptimizerRecord(spec: "radam")).advanced(pastUpdate: 1) { _ in nil } == nil
    )
  }

  @Test
  func storedPowersReplaceComputedOnes() throws {
    let optimizer = try Optimizer(OptimizerRecord(spec: "adam:arithmetic=tensorflow"))
    let plan = try optimizer.plan(for: "w", shape: .vector(1), types: UpdateTypes())
    let own = plan.rule.prepared(try StepContext(step: 2))
    #expect(own.beta1Power == Double(Float(0.9) * Float(0.9)))
    let stored = plan.rule.prepared(try StepContext(step: 2, beta1Power: 0.5, beta2Power: 0.25))
    #expect(stored.beta1Power == 0.5 && stored.beta2Power == 0.25)
  }

  @Test
  func powerProductIsFlushedWhereTensorFlowFlushesIt() {
    // beta1_power after 827 updates is β^828, the last that is normal.
    #expect(BetaPower.product(0.9, step: 828) > 0)
    #expect(BetaPower.product(0.9, step: 829) == 0)
    #expect(BetaPower.product(0.999, step: .max) == 0)
    #expect(BetaPower.product(1, step: .max) == 1)
  }
}
