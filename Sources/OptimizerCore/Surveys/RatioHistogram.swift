import CKernels

/// How the ratio `|m|/√v` of two `float32` moments is distributed, in half-octaves.
package struct RatioHistogram: Sendable {
  /// Bins; each is a factor of √2 wide.
  package static let binCount = 64
  /// The bin that begins at a ratio of 1.
  package static let unitBin = 52

  /// Pairs in each bin; the outermost hold what lies beyond them.
  package private(set) var bins = [UInt64](repeating: 0, count: Self.binCount)
  /// The sum of `(m/(√v + epsilon))²` over all pairs that are finite.
  package private(set) var sumOfSquares = 0.0

  /// Nothing yet.
  package init() {}

  /// Adds pairs.
  ///
  /// - Parameters:
  ///   - first: First moments, `float32`, aligned to their elements.
  ///   - second: As many second moments; pairs of which one is zero are in no bin.
  ///   - epsilon: What guards the division.
  package mutating func add(
    _ first: UnsafeRawBufferPointer,
    _ second: UnsafeRawBufferPointer,
    epsilon: Float
  ) {
    let m = unsafe first.bindMemory(to: Float.self)
    let v = unsafe second.bindMemory(to: Float.self)
    let count = Swift.min(m.count, v.count)
    sumOfSquares += unsafe bins.withUnsafeMutableBufferPointer { bins in
      unsafe optstate_ratio_histogram(
        m.baseAddress,
        v.baseAddress,
        count,
        epsilon,
        bins.baseAddress,
        Int32(Self.binCount),
        Int32(Self.unitBin)
      )
    }
  }

  /// Adds the pairs of another histogram.
  ///
  /// - Parameter other: The other.
  package mutating func add(_ other: RatioHistogram) {
    for index in bins.indices { bins[index] += other.bins[index] }
    sumOfSquares += other.sumOfSquares
  }

  /// The ratio at which a bin begins.
  ///
  /// - Parameter bin: The bin.
  /// - Returns: A power of √2.
  package static func lowerEdge(of bin: Int) -> Double {
    let exponent = bin - unitBin
    let whole = Double(sign: .plus, exponent: exponent >> 1, significand: 1)
    return exponent & 1 == 0 ? whole : whole * 2.0.squareRoot()
  }
}
