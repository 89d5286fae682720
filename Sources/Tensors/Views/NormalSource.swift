#if canImport(Darwin)
internal import Darwin
#elseif canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Normally distributed numbers, each of which follows from a seed and its place alone.
///
/// Two numbers that SplitMix64 gives for seed and place become one by the method of Box and Muller.
final class NormalSource: TensorSource {
  private let deviation: Double
  private let seed: UInt64
  private let type: ElementType
  private let width: Int

  init(deviation: Double, seed: UInt64, type: ElementType, width: Int) {
    self.deviation = deviation
    self.seed = seed
    self.type = type
    self.width = width
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    let first = offset / width
    let last = (offset + buffer.count + width - 1) / width
    var element = [UInt8](repeating: 0, count: width)
    for place in first..<last {
      try unsafe [number(place)].withUnsafeBufferPointer { number in
        try unsafe element.withUnsafeMutableBytes { bytes in
          try unsafe ElementConversion.fromDouble(number, type, bytes)
        }
      }
      for byte in 0..<width {
        let target = place * width + byte - offset
        if (0..<buffer.count).contains(target) { unsafe buffer[target] = element[byte] }
      }
    }
  }

  private func number(_ place: Int) -> Double {
    let radius = (-2 * log(uniform(2 &* UInt64(place)))).squareRoot()
    return deviation * radius * cos(2 * .pi * uniform(2 &* UInt64(place) &+ 1))
  }

  /// A number above 0 and below 1.
  private func uniform(_ index: UInt64) -> Double {
    var word = seed &+ (index &+ 1) &* 0x9E37_79B9_7F4A_7C15
    word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
    word ^= word >> 31
    return (Double(word >> 12) + 0.5) * 0x1p-52
  }
}

extension Tensor {
  /// A tensor of normally distributed numbers around zero, the same ones for the same seed.
  ///
  /// - Parameters:
  ///   - deviation: Standard deviation.
  ///   - seed: What chooses the numbers.
  ///   - elementType: A floating-point type, to which each number is rounded.
  ///   - shape: Elements along each axis.
  /// - Returns: The tensor, whose numbers are made where they are read.
  /// - Throws: ``StateError`` with code `unsupported` when the type is no floating-point type.
  public static func normal(
    deviation: Double,
    seed: UInt64,
    _ elementType: ElementType,
    _ shape: Shape
  ) throws -> Tensor {
    guard elementType.isFloatingPoint, let width = elementType.byteWidth else {
      throw StateError(.unsupported, "elements of type \(elementType.rawValue) are not random")
    }
    let source = NormalSource(deviation: deviation, seed: seed, type: elementType, width: width)
    return try Tensor(elementType, shape, source: source)
  }
}
