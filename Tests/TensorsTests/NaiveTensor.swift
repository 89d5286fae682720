import Tensors
import TestSupport

/// A tensor as an array of elements, each an array of bytes: what views are compared with.
struct NaiveTensor {
  let dimensions: [Int]
  let width: Int
  var elements: [[UInt8]]

  init(_ dimensions: [Int], width: Int, seed: UInt64 = 1) {
    self.dimensions = dimensions
    self.width = width
    var random = SeededGenerator(seed: seed)
    elements = (0..<dimensions.reduce(1, *)).map { _ in random.bytes(width) }
  }

  var bytes: [UInt8] { elements.flatMap { $0 } }

  func tensor() throws -> Tensor {
    let types: [Int: ElementType] = [
      1: .uint8, 2: .uint16, 4: .uint32, 8: .uint64, 16: .complex128,
    ]
    return try Tensor(types[width] ?? .uint8, try Shape(dimensions), bytes: bytes)
  }

  /// All positions in row-major order.
  static func positions(_ dimensions: [Int]) -> [[Int]] {
    dimensions.reduce([[]]) { list, size in list.flatMap { head in (0..<size).map { head + [$0] } }
    }
  }

  subscript(position: [Int]) -> [UInt8] {
    elements[zip(position, dimensions).reduce(0) { $0 * $1.1 + $1.0 }]
  }

  func slice(_ starts: [Int], _ lengths: [Int]) -> [UInt8] {
    Self.positions(lengths).flatMap { self[zip($0, starts).map { $0 + $1 }] }
  }

  func transposed() -> [UInt8] {
    Self.positions(dimensions.reversed()).flatMap { self[$0.reversed()] }
  }
}

/// Whether every byte range of a tensor is that range of its bytes.
func everyRange(of tensor: Tensor, is bytes: [UInt8]) throws -> Bool {
  guard tensor.byteCount == bytes.count else { return false }
  for start in 0...bytes.count {
    for end in start...bytes.count {
      var part = [UInt8](repeating: 0xEE, count: end - start)
      try unsafe part.withUnsafeMutableBytes { try unsafe tensor.read(into: $0, at: start) }
      if part != Array(bytes[start..<end]) { return false }
    }
  }
  return true
}

/// All ways to cut an axis of a size: start and length.
func cuts(_ size: Int) -> [(start: Int, length: Int)] {
  (0...size).flatMap { start in (0...(size - start)).map { (start, $0) } }
}
