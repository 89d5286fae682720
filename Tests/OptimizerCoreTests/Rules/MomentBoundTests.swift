import Tensors
import Testing

@testable import OptimizerCore

@Suite("MomentBound")
struct MomentBoundTests {
  @Test func usualDecaysGiveSevenPointTwoSeven() throws {
    let bound = try #require(MomentBound(beta1: 0.9, beta2: 0.999))
    #expect(abs(bound.ratio - 7.2702918) < 1e-6)
  }

  @Test func steepestGradientsReachTheBoundAndNoneExceedIt() throws {
    for (beta1, beta2) in [(0.9, 0.999), (0.5, 0.999), (0.9, 0.98), (0.0, 0.99), (0.8, 0.7)] {
      let bound = try #require(MomentBound(beta1: beta1, beta2: beta2))
      var (m, v) = (0.0, 0.0)
      // Neither growing nor shrinking squares may leave the range of a Double.
      var gradient = beta2 < beta1 ? 1 : 1e-100
      for update in 1...2000 {
        m = beta1 * m + (1 - beta1) * gradient
        v = beta2 * v + (1 - beta2) * gradient * gradient
        // In each of many steps the steepest sequence grows by beta2/beta1.
        gradient *= beta1 == 0 ? 1 : min(beta2 / beta1, 1.12)
        #expect(m / v.squareRoot() <= bound.ratio * (1 + 1e-9))
        #expect(m / v.squareRoot() <= bound.ratio(after: Int64(update)) * (1 + 1e-9))
      }
      if beta1 > 0, beta2 / beta1 <= 1.12 { #expect(m / v.squareRoot() > bound.ratio * 0.999) }
    }
  }

  @Test(arguments: [(1.0, 0.999), (0.9, 1.0), (0.99, 0.9), (-0.1, 0.9), (Double.nan, 0.9)])
  func decaysWithoutBoundHaveNone(beta1: Double, beta2: Double) {
    #expect(MomentBound(beta1: beta1, beta2: beta2) == nil)
  }

  @Test func fewUpdatesBindTighter() throws {
    let bound = try #require(MomentBound(beta1: 0.9, beta2: 0.999))
    #expect(bound.ratio(after: 1) < bound.ratio(after: 5))
    #expect(bound.ratio(after: nil) == bound.ratio)
    #expect(abs(bound.ratio(after: 9999) - bound.ratio) < 1e-12)
  }

  @Test func halfPrecisionIsAllowedMore() throws {
    let bound = try #require(MomentBound(beta1: 0.9, beta2: 0.999))
    #expect(bound.limit(.float32, .float32) < bound.ratio * 1.001)
    #expect(bound.limit(.bfloat16, .bfloat16) > bound.ratio * 1.2)
  }
}
