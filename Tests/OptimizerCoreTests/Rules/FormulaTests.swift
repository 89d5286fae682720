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
