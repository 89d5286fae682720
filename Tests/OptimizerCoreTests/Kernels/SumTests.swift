import CKernels
import Tensors
import Testing

@testable import OptimizerCore

@Suite("Sums of squares")
struct SumTests {
  static let counts = Array(0...70) + [1000, 8191, 8192, 8193, 8200, 16_385, 20_011, 70_001]

  @Test
  func everyPathEqualsTheReadableSum() {
    var noise = Noise(seed: 3)
    for count in Self.counts {
      let row = Row(noise.floats(count, octaves: 3) + [0])
      guard let lane = row.lane else { continue }
      let halves = TensorFlowSum.sum(count) { (lane[$0] * lane[$0]) * 0.5 }
      let chain = PyTorchSum.squares(count) { lane[$0] }
      for path in UpdateKernelTests.paths {
        let tree = unsafe optstate_square_sum_tensorflow(path, lane.base, 0, count, 0.5)
        let torch = unsafe optstate_square_sum_pytorch(path, lane.base, count)
        #expect(tree.bitPattern == halves.bitPattern, "\(count) elements, path \(path.rawValue)")
        #expect(torch.bitPattern == chain.bitPattern, "\(count) elements, path \(path.rawValue)")
      }
    }
  }

  @Test(arguments: [0, 1, 8193, 1 << 18, (1 << 18) + 1, 1_000_003, 3_000_001])
  func branchesJoinToTheWholeSum(_ count: Int) {
    var noise = Noise(seed: 4)
    let row = Row(noise.floats(count, octaves: 3) + [0])
    guard let lane = row.lane else { return }
    let tree = SumTree(count, .float32, .tensorflow)
    #expect(tree.parts.map(\.count).reduce(0, +) == count)
    let sums = tree.parts.map { part in
      Double(
        unsafe optstate_square_sum_tensorflow(
          KernelPath.best,
          lane.base + part.lowerBound,
          part.lowerBound,
          part.count,
          0.5
        )
      )
    }
    var rest = sums[...]
    let joined = Float(tree.joined(&rest))
    let whole = unsafe optstate_square_sum_tensorflow(KernelPath.best, lane.base, 0, count, 0.5)
    #expect(rest.isEmpty && joined.bitPattern == whole.bitPattern)
  }

  @Test
  func sumIsCloseToTheExactOne() {
    var noise = Noise(seed: 5)
    let values = noise.floats(100_000)
    let exact = values.reduce(0.0) { $0 + Double($1) * Double($1) }
    #expect(
      abs(Double(TensorFlowSum.sum(values.count) { values[$0] * values[$0] }) / exact - 1) < 1e-6
    )
    #expect(abs(Double(PyTorchSum.squares(values.count) { values[$0] }) / exact - 1) < 1e-4)
  }
}
