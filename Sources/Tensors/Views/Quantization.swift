/// How a tensor is kept in eight bits: an element is the number that a map has for its code, times the scale of its block.
///
/// Blocks are runs of elements in row-major order. Where the scales have several axes, all but the last are the codes' own
/// first ones, and blocks begin anew with each of their rows.
public struct Quantization: Sendable {
  /// The codes, `uint8`, in the tensor's shape.
  public let codes: Tensor

  /// The scales of the blocks, `float32`.
  public let scales: Tensor

  /// The numbers that the 256 codes stand for, `float32`.
  public let map: Tensor

  /// Elements of a block.
  public let blockSize: Int

  /// Elements in which blocks follow each other without beginning anew.
  let rowLength: Int

  /// Takes the parts together; nothing is read.
  ///
  /// - Parameters:
  ///   - codes: The codes, in the tensor's shape.
  ///   - scales: The scales of the blocks.
  ///   - map: The numbers that the codes stand for.
  ///   - blockSize: Elements of a block.
  /// - Throws: ``StateError`` with code `malformed` when a part has another type, the map is not of 256 numbers, or the
  ///   scales do not fit the blocks.
  public init(codes: Tensor, scales: Tensor, map: Tensor, blockSize: Int) throws {
    self.codes = codes
    self.scales = scales
    self.map = map
    self.blockSize = blockSize
    let types: [(what: String, part: Tensor, type: ElementType)] = [
      ("codes", codes, .uint8), ("scales", scales, .float32), ("map", map, .float32),
    ]
    for (what, part, type) in types where part.elementType != type {
      throw StateError(
        .malformed,
        "the \(what) of a slot in eight bits have another type",
        expected: type.rawValue,
        found: part.elementType.rawValue
      )
    }
    guard map.shape.elementCount == 256 else {
      throw StateError(
        .malformed,
        "the map of a slot in eight bits has another length",
        expected: "256",
        found: "\(map.shape.elementCount)"
      )
    }
    let rows = Array(scales.shape.dimensions.dropLast())
    let length = codes.shape.dimensions.dropFirst(rows.count).reduce(1, *)
    guard blockSize > 0, codes.shape.dimensions.starts(with: rows) else {
      throw Self.unfit("\(scales.shape)", codes, blockSize)
    }
    rowLength = length
    let blocks = length / blockSize + (length % blockSize == 0 ? 0 : 1)
    guard scales.shape.rank > 0, scales.shape.dimensions.last == blocks else {
      throw Self.unfit("\(scales.shape)", codes, blockSize)
    }
  }

  private static func unfit(_ found: String, _ codes: Tensor, _ blockSize: Int) -> StateError {
    StateError(
      .malformed,
      "the scales of a slot in eight bits do not fit its blocks",
      expected: "one for every \(blockSize) elements of \(codes.shape)",
      found: found
    )
  }

  /// The numbers, as whoever made the codes reads them: `float32`, rounded once.
  ///
  /// - Returns: A view; ``Tensor/quantization`` gives the parts again.
  /// - Throws: ``StateError`` never in practice: four times the codes' bytes fit a count.
  public func values() throws -> Tensor {
    try Tensor(.float32, codes.shape, source: QuantizedView(self))
  }

  /// The same with every number zero: codes and scales are, the map stays.
  ///
  /// - Returns: What the slot is before the first update.
  /// - Throws: ``StateError`` never in practice.
  public func cleared() throws -> Quantization {
    try Quantization(
      codes: .constant(0, .uint8, codes.shape),
      scales: .constant(0, .float32, scales.shape),
      map: map,
      blockSize: blockSize
    )
  }

  /// The parts by names, for whoever counts or verifies them.
  public var parts: [NamedPart] {
    [NamedPart("codes", codes), NamedPart("scales", scales), NamedPart("map", map)]
  }

  /// A part and what it is.
  public struct NamedPart: Sendable {
    /// What it is: `codes`, `scales` or `map`.
    public let name: String

    /// The part.
    public let tensor: Tensor

    init(_ name: String, _ tensor: Tensor) {
      self.name = name
      self.tensor = tensor
    }
  }
}

extension Tensor {
  /// How the tensor is kept in eight bits, `nil` where it is not, or was changed since.
  public var quantization: Quantization? {
    guard let parts = (source as? QuantizedView)?.quantization, parts.codes.shape == shape else {
      return nil
    }
    return parts
  }

  /// Whether the tensor is numbers that were kept in eight bits, and no longer are.
  public var wasQuantized: Bool {
    (source as? QuantizedView).map { $0.quantization == nil } ?? false
  }

  /// The numbers of a tensor in eight bits as if they had always been `float32`; any other stays as it is.
  ///
  /// - Returns: A view.
  /// - Throws: ``StateError`` never in practice.
  public func withoutQuantization() throws -> Tensor {
    guard let quantization else { return self }
    return try Tensor(.float32, shape, source: QuantizedView(quantization, isKept: false))
  }
}

/// The numbers of a tensor in eight bits.
final class QuantizedView: TensorSource {
  private static let batch = 4096

  private let base: Quantization

  /// Whether whoever writes the tensor shall see its parts.
  private let isKept: Bool

  /// The parts, `nil` where nobody shall see them.
  var quantization: Quantization? { isKept ? base : nil }

  init(_ base: Quantization, isKept: Bool = true) {
    self.base = base
    self.isKept = isKept
  }

  var origins: [Tensor] { [base.codes, base.scales, base.map] }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    let map = try Self.floats(base.map, 0..<256)
    // A range may begin or end inside an element.
    let last = (offset + buffer.count + 3) / 4
    for start in stride(from: offset / 4, to: last, by: Self.batch) {
      let end = min(start + Self.batch, last)
      let codes = try Self.bytes(base.codes, start..<end)
      let scales = try Self.floats(base.scales, block(of: start)..<block(of: end - 1) + 1)
      let first = block(of: start)
      for element in start..<end {
        let number = map[Int(codes[element - start])] * scales[block(of: element) - first]
        let bits = number.bitPattern.littleEndian
        for byte in 0..<4 {
          let place = 4 * element + byte - offset
          guard place >= 0, place < buffer.count else { continue }
          unsafe buffer[place] = UInt8(truncatingIfNeeded: bits >> (8 * UInt32(byte)))
        }
      }
    }
  }

  private func block(of element: Int) -> Int {
    let blocks = base.rowLength / base.blockSize + (base.rowLength % base.blockSize == 0 ? 0 : 1)
    return element / base.rowLength * blocks + element % base.rowLength / base.blockSize
  }

  private static func bytes(_ tensor: Tensor, _ range: Range<Int>) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    try unsafe bytes.withUnsafeMutableBytes {
      try unsafe tensor.read(into: $0, at: range.lowerBound)
    }
    return bytes
  }

  private static func floats(_ tensor: Tensor, _ range: Range<Int>) throws -> [Float] {
    let bytes = try bytes(tensor, 4 * range.lowerBound..<4 * range.upperBound)
    return (0..<range.count).map { index in
      let bits = (0..<4).reduce(UInt32(0)) {
        $0 | UInt32(bytes[4 * index + $1]) << (8 * UInt32($1))
      }
      return Float(bitPattern: bits)
    }
  }
}
