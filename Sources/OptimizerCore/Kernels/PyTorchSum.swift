/// Sums of squares in the order in which PyTorch's `vector_norm` adds them.
///
/// One vector of 32 bytes is a row of lanes, joined from left to right; of what is left over, as many as
/// fill half a vector are squared first, the others fused.
enum PyTorchSum {
  /// The sum of the squares of `element(0)` to `element(count − 1)`.
  static func squares<Scalar: BinaryFloatingPoint>(
    _ count: Int,
    _ element: (Int) -> Scalar
  ) -> Scalar {
    let width = 32 / MemoryLayout<Scalar>.size
    let whole = count - count % width
    var lanes = [Scalar](repeating: 0, count: width)
    for i in 0..<whole {
      let x = element(i)
      lanes[i % width] += x * x
    }
    var sum = lanes[1...].reduce(lanes[0], +)
    let squared = whole + (count - whole) / 4 * 4
    for i in whole..<squared {
      let x = element(i)
      sum += x * x
    }
    for i in squared..<count {
      let x = element(i)
      sum = .fma(x, x, sum)
    }
    return sum
  }
}
