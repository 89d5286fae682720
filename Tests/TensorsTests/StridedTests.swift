import TestSupport
import Testing

@testable import Tensors

@Suite("Strided views")
struct StridedTests {
  private static let layouts: [(shape: [Int], strides: [Int], offset: Int)] = [
    ([24], [1], 0), ([4, 6], [6, 1], 0), ([6, 4], [1, 6], 0), ([3, 4, 2], [1, 3, 12], 0),
    ([2, 3], [6, 2], 1), ([8], [3], 2), ([5, 2], [0, 1], 22), ([2, 2, 2], [12, 1, 5], 3),
    ([], [], 23), ([0, 4], [4, 1], 24), ([1, 24], [99, 1], 0),
  ]

  @Test(arguments: layouts)
  func elementsAreThoseOfTheLayout(_ shape: [Int], _ strides: [Int], _ offset: Int) throws {
    let base = try floats((0..<24).map { Float($0) })
    let view = try base.strided(.float32, try Shape(shape), strides: strides, offset: offset)
    var expected: [Float] = []
    func walk(_ axis: Int, _ place: Int) {
      if axis == shape.count {
        expected.append(Float(place))
        return
      }
      for index in 0..<shape[axis] { walk(axis + 1, place + index * strides[axis]) }
    }
    walk(0, offset)
    let bytes = try view.bytes()
    #expect(bytes == littleEndian(expected.map(\.bitPattern)))
    // Any range, also one that cuts elements apart.
    for start in stride(from: 0, to: bytes.count, by: 3) {
      for count in [0, 1, 5, 16] where start + count <= bytes.count {
        var part = [UInt8](repeating: 0, count: count)
        try unsafe part.withUnsafeMutableBytes { try unsafe view.read(into: $0, at: start) }
        #expect(part == Array(bytes[start..<start + count]))
      }
    }
  }

  @Test
  func wideViewsAreReadInPieces() throws {
    let rows = 1500
    let base = try floats((0..<rows * 1000).map { Float($0) })
    let view = try base.strided(
      .float32,
      try Shape([10, rows, 10, 10]),
      strides: [100, 1000, 1, 10],
      offset: 0
    )
    let bytes = try view.bytes()
    for element in [0, 1, 99, 100, 12_345, 777_777, rows * 1000 - 1] {
      let (a, b, c, d) = (
        element / 100 / rows, element / 100 % rows, element / 10 % 10, element % 10
      )
      let expected = Float(a * 100 + b * 1000 + c + d * 10)
      #expect(Array(bytes[4 * element..<4 * element + 4]) == littleEndian([expected.bitPattern]))
    }
  }

  @Test
  func whatLeavesTheBytesIsRefused() throws {
    let base = try floats((0..<24).map { Float($0) })
    let bad: [([Int], [Int], Int)] = [
      ([25], [1], 0), ([24], [1], 1), ([2], [24], 0), ([2], [-1], 5), ([2, 2], [1], 0),
      ([2], [.max], 0), ([2, 2], [.max, .max], 1), ([1], [1], -1),
    ]
    for (shape, strides, offset) in bad {
      let code = try errorCode {
        _ = try base.strided(.float32, try Shape(shape), strides: strides, offset: offset)
      }
      #expect(code == .malformed, "\(shape) \(strides) \(offset)")
    }
    let bomb = try Shape([1 << 40])
    let code = try errorCode { _ = try base.strided(.float32, bomb, strides: [0], offset: 0) }
    #expect(code == .limitExceeded)
  }
}
