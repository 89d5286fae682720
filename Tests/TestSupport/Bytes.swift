package import Tensors

/// The little-endian bytes of integers.
package func littleEndian<Element: FixedWidthInteger>(_ elements: [Element]) -> [UInt8] {
  elements.flatMap { element in
    (0..<Element.bitWidth / 8).map { UInt8(truncatingIfNeeded: element >> (8 * $0)) }
  }
}

/// A tensor of `float32` elements in memory.
package func floats(_ elements: [Float], _ dimensions: [Int]? = nil) throws -> Tensor {
  let shape = try Shape(dimensions ?? [elements.count])
  return try Tensor(.float32, shape, bytes: littleEndian(elements.map(\.bitPattern)))
}

/// A pseudo-random sequence that is the same in every run.
package struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    // SplitMix64.
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
    return word ^ word >> 31
  }

  /// As many bytes.
  package mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }
}
