import CKernels
import Tensors
import Testing

@testable import OptimizerCore

/// The square root of Intel's library.
@Suite("MKL root")
struct MKLRootTests {
  private func roots(_ values: [Float]) -> [Float] {
    let (source, target) = (Row(values), Row(values))
    guard let from = source.lane, let to = target.lane else { return [] }
    unsafe optstate_mkl_roots(from.base, to.base, values.count)
    return target.values
  }

  @Test
  func vectorsEqualSingleNumbers() {
    var noise = Noise(seed: 23)
    for count in Array(0...40) + [1000] {
      let values = noise.positives(count)
      #expect(roots(values).map(\.bitPattern) == values.map { optstate_mkl_root($0).bitPattern })
    }
  }

  /// Outside of what the approximation covers the library rounds correctly.
  @Test
  func unusualNumbersAreRoundedCorrectly() {
    let values: [Float] = [
      0, -0.0, .infinity, .leastNonzeroMagnitude, Float(bitPattern: 0x000A_E398),
      Float(bitPattern: 0x007F_FFFF),
      Float(bitPattern: 0x7F7F_F001), .greatestFiniteMagnitude,
    ]
    for value in values + [1, 4, 2.25] where !MKLRoot.ofProcessor.isExact || value != 2.25 {
      #expect(optstate_mkl_root(value).bitPattern == value.squareRoot().bitPattern)
    }
    #expect(optstate_mkl_root(-1).isNaN && optstate_mkl_root(.nan).isNaN)
    #expect(optstate_mkl_root(-.infinity).isNaN)
  }

  @Test
  func rootIsOffByOneULPAtMost() {
    var noise = Noise(seed: 29)
    let values = noise.positives(20_000).filter { $0 > 0 }
    let difference = Difference.between(roots(values), values.map { $0.squareRoot() })
    #expect(difference.greatestULP <= 1)
    #expect((difference.differing == 0) == (MKLRoot.ofProcessor == .unknown))
  }

  @Test
  func recordSaysWhoseRootItIs() throws {
    let optimizer = try Optimizer(OptimizerRecord(spec: "adamw:arithmetic=pytorch_mkl"))
    #expect(
      optimizer.record.hyperparameters["square_root"] == .string(MKLRoot.ofProcessor.rawValue)
    )
    #expect(optimizer.arithmetic.convention == .pytorch)
    #expect(throws: (any Error).self) {
      try Optimizer(OptimizerRecord(spec: "adamw:arithmetic=pytorch,square_root=amd"))
    }
  }
}
