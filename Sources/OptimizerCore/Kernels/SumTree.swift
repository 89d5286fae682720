import CKernels
import Tensors

/// How the sum over a large array is shared between threads without changing its bits.
///
/// TensorFlow's order halves the array again and again, so that its upper branches can be summed apart;
/// PyTorch's is one chain. `float64` arrays are rare and summed as a whole.
struct SumTree {
  /// Branches below this length are summed by one thread.
  private static let length = 1 << 18

  /// Parts to be summed, in the order of their elements.
  let parts: [Range<Int>]

  private let count: Int

  init(_ count: Int, _ type: ElementType, _ arithmetic: Arithmetic) {
    self.count = count
    let isChain = arithmetic.convention == .pytorch || type == .float64
    parts = isChain ? [0..<count] : Self.branches(0..<count)
  }

  private static func branches(_ range: Range<Int>) -> [Range<Int>] {
    guard range.count > length else { return [range] }
    let split = range.lowerBound + optstate_tensorflow_split(range.lowerBound, range.count)
    return branches(range.lowerBound..<split) + branches(split..<range.upperBound)
  }

  /// Adds up the sums of the parts, taking them off the front of a list.
  func joined(_ sums: inout ArraySlice<Double>) -> Double {
    parts.count == 1 ? sums.popFirst() ?? 0 : Self.join(0..<count, &sums)
  }

  private static func join(_ range: Range<Int>, _ sums: inout ArraySlice<Double>) -> Double {
    guard range.count > length else { return sums.popFirst() ?? 0 }
    let split = range.lowerBound + optstate_tensorflow_split(range.lowerBound, range.count)
    let left = join(range.lowerBound..<split, &sums)
    return Double(Float(left) + Float(join(split..<range.upperBound, &sums)))
  }
}
