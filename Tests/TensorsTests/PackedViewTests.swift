import Tensors
import TestSupport
import Testing

@Suite("Views of packed, swapped and column-major data")
struct PackedViewTests {
  private static let shapes: [[Int]] = [
    [], [3], [2, 3], [3, 1, 2], [4, 3, 2], [2, 3, 4, 5], [1, 1, 7], [0, 3, 2], [2, 1, 3, 1, 2],
  ]

  @Test(arguments: shapes)
  func reversingAxesMovesEachElementToTheReversedIndex(_ dimensions: [Int]) throws {
    let shape = try Shape(dimensions)
    let count = shape.elementCount
    let bytes = (0..<2 * count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    let tensor = try Tensor(.int16, shape, bytes: bytes)
    let reversed = try tensor.reversingAxes()
    #expect(reversed.shape.dimensions == dimensions.reversed())
    var expected = bytes
    for element in 0..<count {
      var rest = element
      var place = 0
      var stride = count
      // The index from the last axis on; the reversed place takes it from the first on.
      for size in dimensions.reversed() {
        stride /= size
        place += rest % size * stride
        rest /= size
      }
      expected[2 * place] = bytes[2 * element]
      expected[2 * place + 1] = bytes[2 * element + 1]
    }
    #expect(try reversed.bytes() == expected)
    #expect(try reversed.reversingAxes().bytes() == bytes)
    try expectEveryRange(of: reversed, expected)
  }

  @Test(arguments: [ElementType.int8, .int16, .float32, .float64, .complex64, .complex128])
  func swappingBytesTurnsEachNumber(_ type: ElementType) throws {
    let width = try #require(type.byteWidth)
    let isComplex = type == .complex64 || type == .complex128
    let unit = isComplex ? width / 2 : width
    let bytes = (0..<UInt8(3 * width)).map { $0 }
    let swapped = try Tensor(type, .vector(3), bytes: bytes).swappingBytes()
    let expected = bytes.indices.map { bytes[$0 / unit * unit + unit - 1 - $0 % unit] }
    #expect(try swapped.bytes() == expected)
    try expectEveryRange(of: swapped, expected)
  }

  @Test
  func nibblesAreUnpackedFromTheLowHalfAndPackedAgain() throws {
    let packed = try Tensor(.uint8, .vector(3), bytes: [0x21, 0x43, 0xFE])
    let elements = try packed.unpackingNibbles(as: .float4E2M1FN, try Shape([2, 3]))
    #expect(try elements.bytes() == [1, 2, 3, 4, 14, 15])
    try expectEveryRange(of: elements, [1, 2, 3, 4, 14, 15])
    let again = try elements.packingNibbles()
    #expect(try again.bytes() == [0x21, 0x43, 0xFE])
    try expectEveryRange(of: again, [0x21, 0x43, 0xFE])
    #expect(try errorCode { _ = try packed.packingNibbles() } == .unsupported)
    #expect(
      try errorCode { _ = try packed.unpackingNibbles(as: .float4E2M1FN, .vector(5)) } == .malformed
    )
  }

  private func expectEveryRange(of tensor: Tensor, _ bytes: [UInt8]) throws {
    for start in bytes.indices {
      for end in start...bytes.count {
        var part = [UInt8](repeating: 0xAA, count: end - start)
        try unsafe part.withUnsafeMutableBytes { try unsafe tensor.read(into: $0, at: start) }
        #expect(part == Array(bytes[start..<end]), "\(start)..<\(end)")
      }
    }
  }
}
