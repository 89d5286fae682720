import CKernels

/// Sums in the order in which TensorFlow's CPU kernels add, in one thread.
///
/// A vector of 32 bytes is a row of lanes; four rows are fed in turn and joined, then one. More than
/// 1024 vectors are summed in halves. (Eigen, `InnerMostDimReducer`.) From some hundred thousand
/// elements on TensorFlow cuts the array by threads first; where the parts are those halves, as for two
/// threads and every matrix of BERT, the bits are the same, otherwise they are not reproduced.
enum TensorFlowSum {
  /// The sum of `element(0)` to `element(count − 1)`.
  static func sum<Scalar: BinaryFloatingPoint>(
    _ count: Int,
    _ element: (Int) -> Scalar
  ) -> Scalar {
    sum(0..<count, element)
  }

  private static func sum<Scalar: BinaryFloatingPoint>(
    _ range: Range<Int>,
    _ element: (Int) -> Scalar
  ) -> Scalar {
    let width = 32 / MemoryLayout<Scalar>.size
    guard range.count > 1024 * width else { return leaf(range, width, element) }
    let middle = range.lowerBound + (range.count + 1) / 2
    let split = (middle + width - 1) / width * width
    return sum(range.lowerBound..<split, element) + sum(split..<range.upperBound, element)
  }

  private static func leaf<Scalar: BinaryFloatingPoint>(
    _ range: Range<Int>,
    _ width: Int,
    _ element: (Int) -> Scalar
  ) -> Scalar {
    let unrolled = range.count - range.count % (4 * width)
    let whole = range.count - range.count % width
    var rows = [Scalar](repeating: 0, count: 4 * width)
    for i in 0..<unrolled { rows[i % (4 * width)] += element(range.lowerBound + i) }
    var lanes = (0..<width).map { lane in
      ((rows[lane] + rows[width + lane]) + rows[2 * width + lane]) + rows[3 * width + lane]
    }
    for i in unrolled..<whole { lanes[i % width] += element(range.lowerBound + i) }
    var rest: Scalar = 0
    for i in whole..<range.count { rest += element(range.lowerBound + i) }
    while lanes.count > 1 {
      let half = lanes.count / 2
      lanes = (0..<half).map { lanes[$0] + lanes[half + $0] }
    }
    return rest + lanes[0]
  }
}
