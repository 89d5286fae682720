/// A tensor folded into a few numbers, from which the norm of its difference to another one can be estimated without
/// either (count sketch; Charikar, Chen & Farach-Colton, 2002).
///
/// Each element is added to one of 256 sums, with a sign; sum and sign depend on its place alone. The sum of squares of two
/// sketches' difference has the expectation of the tensors', with a standard deviation of √(2/256) of it, so that a norm
/// is known to 4 %.
struct DifferenceSketch: Sendable {
  private static let width = 256

  private var sums = [Double](repeating: 0, count: width)

  /// The sketch of nothing.
  init() {}

  /// Folds a piece of a tensor.
  ///
  /// - Parameters:
  ///   - bytes: `float32` elements, aligned.
  ///   - first: Row-major place of the first.
  init(_ bytes: UnsafeRawBufferPointer, first: Int) {
    let numbers = unsafe bytes.bindMemory(to: Float.self)
    unsafe sums.withUnsafeMutableBufferPointer { sums in
      for index in 0..<numbers.count {
        // A bijection of 64 bits that leaves no pattern of places (Steele, Lea & Flood, 2014).
        var hash = UInt64(truncatingIfNeeded: first &+ index) &* 0x9E37_79B9_7F4A_7C15
        hash = (hash ^ (hash >> 32)) &* 0xD6E8_FEB8_6659_FD93
        let number = unsafe Double(numbers[index])
        unsafe sums[Int(truncatingIfNeeded: hash >> 56)] +=
          hash & (1 << 40) == 0 ? number : -number
      }
    }
  }

  /// Adds a piece that was folded elsewhere.
  mutating func add(_ other: DifferenceSketch) {
    for place in sums.indices { sums[place] += other.sums[place] }
  }

  /// An estimate of the Euclidean norm of two tensors' difference.
  func distance(to other: DifferenceSketch) -> Double {
    zip(sums, other.sums).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
  }
}
