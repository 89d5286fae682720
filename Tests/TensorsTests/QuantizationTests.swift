import TestSupport
import Tensors
import Testing

@Suite("Tensors in eight bits")
struct QuantizationTests {
  private static let map = (0..<256).map { Float($0 - 127) / 127 }

  private static func quantization(
    _ dimensions: [Int],
    scales: [Int],
    block: Int
  ) throws -> Quantization {
    let shape = try Shape(dimensions)
    var generator = SeededGenerator(seed: 5)
    let count = scales.reduce(1, *)
    return try Quantization(
      codes: try Tensor(.uint8, shape, bytes: generator.bytes(shape.elementCount)),
      scales: try floats((0..<count).map { 0.3 + Float($0) }, scales),
      map: try floats(map),
      blockSize: block
    )
  }

  @Test(arguments: [([7], [3], 3), ([2, 5], [4], 3), ([2, 5], [2, 2], 3), ([9000], [36], 256)])
  func anElementIsTheNumberOfItsCodeTimesTheScaleOfItsBlock(
    _ dimensions: [Int],
    _ scales: [Int],
    _ block: Int
  ) throws {
    let parts = try Self.quantization(dimensions, scales: scales, block: block)
    let values = try parts.values()
    let row = dimensions.dropFirst(scales.count - 1).reduce(1, *)
    let perRow = (row + block - 1) / block
    let codes = try parts.codes.bytes()
    let wanted = codes.enumerated().map { place, code -> Float in
      let scale = 0.3 + Float(place / row * perRow + place % row / block)
      return Self.map[Int(code)] * scale
    }
    #expect(values.elementType == .float32 && values.shape.dimensions == dimensions)
    let bytes = littleEndian(wanted.map(\.bitPattern))
    #expect(try values.bytes() == bytes)
    var part = [UInt8](repeating: 0, count: min(bytes.count, 11) - 3)
    try unsafe part.withUnsafeMutableBytes { try unsafe values.read(into: $0, at: 3) }
    #expect(part == Array(bytes[3..<3 + part.count]))
  }

  @Test
  func partsAreGivenBackUntilTheNumbersAreWhatCounts() throws {
    let values = try Self.quantization([7], scales: [3], block: 3).values()
    let parts = try #require(values.quantization)
    #expect(parts.blockSize == 3 && parts.parts.map(\.name) == ["codes", "scales", "map"])
    #expect(values.wasQuantized == false)
    let plain = try values.withoutQuantization()
    #expect(plain.quantization == nil && plain.wasQuantized)
    #expect(try plain.bytes() == values.bytes())
    #expect(try values.multiplied(by: 2).quantization == nil)
    #expect(try values.reshaped(try Shape([7, 1])).quantization == nil)
    let cleared = try parts.cleared()
    #expect(try cleared.codes.bytes() == [UInt8](repeating: 0, count: 7))
    #expect(try cleared.map.bytes() == parts.map.bytes())
  }

  @Test
  func partsThatDoNotFitAreRefused() throws {
    let codes = try Tensor(.uint8, .vector(7), bytes: [UInt8](repeating: 1, count: 7))
    let map = try floats(Self.map)
    func error(_ codes: Tensor, _ scales: Tensor, _ map: Tensor, _ block: Int = 3) throws -> String?
    {
      try stateError {
        _ = try Quantization(codes: codes, scales: scales, map: map, blockSize: block)
      }?
      .message
    }
    let scales = try floats([1, 2, 3])
    #expect(try error(codes, scales, map) == nil)
    let short = try floats(Array(Self.map.dropLast()))
    #expect(try error(codes, scales, short)?.contains("the map") == true)
    #expect(try error(codes, try floats([1, 2]), map)?.contains("do not fit its blocks") == true)
    #expect(try error(codes, try floats([1, 2, 3], [1, 3]), map)?.contains("do not fit") == true)
    #expect(try error(codes, try floats([1], []), map)?.contains("do not fit") == true)
    #expect(try error(codes, scales, map, 0)?.contains("do not fit") == true)
    #expect(try error(scales, scales, map)?.contains("the codes") == true)
    #expect(try error(codes, codes, map)?.contains("the scales") == true)
  }
}
