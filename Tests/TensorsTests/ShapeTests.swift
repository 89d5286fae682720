import Tensors
import TestSupport
import Testing

@Suite("Shape")
struct ShapeTests {
  private static let counted: [(dimensions: [Int], count: Int)] = [
    ([], 1), ([0], 0), ([1], 1), ([7], 7), ([2, 3, 4], 24), ([5, 0, 3], 0), ([0, 0], 0),
    ([Int.max], .max), ([1, Int.max, 1], .max), ([0, Int.max], 0), ([1 << 31, 1 << 31], 1 << 62),
    ([Int](repeating: 1, count: 32), 1),
  ]

  @Test(arguments: counted)
  func elementsAreTheProductOfTheDimensions(_ dimensions: [Int], _ count: Int) throws {
    let shape = try Shape(dimensions)
    #expect(shape.elementCount == count)
    #expect(shape.rank == dimensions.count)
    #expect(shape.dimensions == dimensions)
  }

  private static let refused: [(dimensions: [Int], code: StateError.Code)] = [
    ([-1], .malformed), ([3, -1], .malformed), ([0, -1], .malformed), ([Int.min], .malformed),
    ([Int.max, 2], .malformed), ([1 << 32, 1 << 31], .malformed), ([1 << 62, 4], .malformed),
    // A zero does not hide the overflow of its neighbours.
    ([0, 1 << 62, 1 << 62], .malformed), ([1 << 62, 1 << 62, 0], .malformed),
    ([Int](repeating: 1, count: 33), .limitExceeded),
    ([Int](repeating: 0, count: 300), .limitExceeded),
  ]

  @Test(arguments: refused)
  func impossibleShapesAreRefused(_ dimensions: [Int], _ code: StateError.Code) throws {
    #expect(try errorCode { _ = try Shape(dimensions) } == code)
  }

  @Test
  func byteCountsOverflowVisibly() throws {
    #expect(try Shape([1 << 60]).byteCount(of: .float32) == 1 << 62)
    for type in [ElementType.float64, .complex128] {
      #expect(try errorCode { _ = try Shape([1 << 60]).byteCount(of: type) } == .malformed)
    }
    #expect(try errorCode { _ = try Shape([1]).byteCount(of: .string) } == .unsupported)
  }

  @Test
  func convenienceShapesAreTheSame() throws {
    #expect(Shape.scalar == (try Shape([])))
    #expect(Shape.vector(5) == (try Shape([5])))
    #expect(Shape.vector(0).elementCount == 0)
    #expect("\(Shape.scalar) \(try Shape([2, 3]))" == "[] [2, 3]")
  }
}
