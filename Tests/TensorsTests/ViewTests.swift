import Tensors
import TestSupport
import Testing

@Suite("Views")
struct ViewTests {
  private static let shapes = [
    [], [1], [4], [0], [2, 3], [3, 2], [1, 3], [3, 1], [2, 0], [2, 2, 2], [2, 1, 3], [3, 2, 1],
  ]

  @Test(arguments: shapes)
  func everySliceDeliversEveryRange(_ dimensions: [Int]) throws {
    let naive = NaiveTensor(dimensions, width: 2)
    let tensor = try naive.tensor()
    let blocks = dimensions.map(cuts).reduce([[]]) { list, cuts in
      list.flatMap { head in cuts.map { head + [$0] } }
    }
    for block in blocks {
      let (starts, lengths) = (block.map(\.start), block.map(\.length))
      let view = try tensor.slice(
        try TensorBlock(starts: starts, lengths: lengths, in: tensor.shape)
      )
      #expect(view.shape.dimensions == lengths)
      #expect(try everyRange(of: view, is: naive.slice(starts, lengths)), "\(starts) \(lengths)")
    }
  }

  @Test(arguments: [1, 2, 4, 8, 16])
  func transposedMatrixDeliversEveryRange(_ width: Int) throws {
    for (rows, columns) in [(0, 3), (1, 1), (1, 5), (5, 1), (2, 3), (3, 2), (4, 4), (3, 7)] {
      let naive = NaiveTensor([rows, columns], width: width)
      let view = try naive.tensor().transposed()
      #expect(view.shape.dimensions == [columns, rows])
      #expect(try everyRange(of: view, is: naive.transposed()), "\(rows)×\(columns)")
    }
  }

  @Test
  func transposeLargerThanItsTilesIsExact() throws {
    let naive = NaiveTensor([70, 99], width: 4)
    let view = try naive.tensor().transposed()
    let expected = naive.transposed()
    #expect(try view.bytes() == expected)
    for start in stride(from: 0, to: expected.count - 5000, by: 1111) {
      var part = [UInt8](repeating: 0, count: 4999)
      try unsafe part.withUnsafeMutableBytes { try unsafe view.read(into: $0, at: start) }
      #expect(part == Array(expected[start..<start + 4999]))
    }
    #expect(try view.transposed().bytes() == naive.bytes)
  }

  @Test(arguments: [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]])
  func permutedAxesDeliverEveryRange(_ axes: [Int]) throws {
    for dimensions in [[2, 3, 4], [1, 3, 2], [3, 0, 2], [2, 1, 1]] {
      let naive = NaiveTensor(dimensions, width: 2)
      let view = try naive.tensor().permuted(axes)
      #expect(view.shape.dimensions == axes.map { dimensions[$0] })
      var inverse = axes
      for (place, axis) in axes.enumerated() { inverse[axis] = place }
      #expect(try view.permuted(inverse).bytes() == naive.bytes)
      var expected: [UInt8] = []
      let (rows, columns) = (dimensions[1], dimensions[2])
      let turned = axes.map { dimensions[$0] }
      for i in 0..<turned[0] {
        for j in 0..<turned[1] {
          for k in 0..<turned[2] {
            var own = [0, 0, 0]
            for (axis, number) in zip(axes, [i, j, k]) { own[axis] = number }
            let place = ((own[0] * rows + own[1]) * columns + own[2]) * 2
            expected += naive.bytes[place..<place + 2]
          }
        }
      }
      #expect(try everyRange(of: view, is: expected), "\(dimensions) \(axes)")
    }
  }

  @Test
  func axesThatAreNotTheTensorsAreRefused() throws {
    let tensor = try NaiveTensor([2, 3], width: 1).tensor()
    for axes in [[0], [0, 0], [0, 2], [0, 1, 2]] {
      #expect(try errorCode { _ = try tensor.permuted(axes) } == .unsupported)
    }
  }

  @Test
  func castDeliversEveryRange() throws {
    let numbers: [Float] = [0, -0.0, 1, -2.5, .infinity, 65504, 1e-8]
    let tensor = try floats(numbers)
    let doubles = littleEndian(numbers.map { Double($0).bitPattern })
    let halves = littleEndian(numbers.map { Float16($0).bitPattern })
    #expect(try everyRange(of: try tensor.cast(to: .float64), is: doubles))
    #expect(try everyRange(of: try tensor.cast(to: .float16), is: halves))
    #expect(try everyRange(of: try tensor.cast(to: .float32), is: try tensor.bytes()))
  }

  @Test
  func castLargerThanItsBatchIsExact() throws {
    let count = 3 * 4096 + 5
    let tensor = try floats((0..<count).map { Float($0) })
    let expected = littleEndian((0..<count).map { Int32($0) })
    #expect(try tensor.cast(to: .int32).bytes() == expected)
  }

  @Test
  func castThatLosesAnIntegerFailsWhenRead() throws {
    let view = try floats([1, 1.5]).cast(to: .int32)
    #expect(try errorCode { _ = try view.bytes() } == .malformed)
  }

  @Test
  func viewsOfViewsDeliverEveryRange() throws {
    let naive = NaiveTensor([4, 5], width: 4)
    let tensor = try naive.tensor()
    let block = try TensorBlock(starts: [1, 1], lengths: [2, 3], in: tensor.shape)
    var part = NaiveTensor([2, 3], width: 4)
    let bytes = naive.slice([1, 1], [2, 3])
    part.elements = (0..<6).map { Array(bytes[4 * $0..<4 * $0 + 4]) }
    #expect(try everyRange(of: try tensor.slice(block).transposed(), is: part.transposed()))
  }

  @Test
  func viewsKnowWhatTheyDrawFrom() throws {
    let tensor = try floats([1, 2, 3, 4], [2, 2])
    let block = try TensorBlock(starts: [0, 0], lengths: [1, 2], in: tensor.shape)
    for view in [try tensor.transposed(), try tensor.cast(to: .float64), try tensor.slice(block)] {
      #expect(
        view.source.origins.map { ObjectIdentifier($0.source) } == [ObjectIdentifier(tensor.source)]
      )
      #expect(view.checksum == nil)
    }
  }

  @Test(arguments: [[], [3], [2, 2, 2]])
  func onlyMatricesAreTransposed(_ dimensions: [Int]) throws {
    let tensor = try NaiveTensor(dimensions, width: 4).tensor()
    #expect(try errorCode { _ = try tensor.transposed() } == .unsupported)
  }

  @Test
  func elementsOfAnyLengthHaveNoViews() throws {
    let shape = try Shape([1, 1])
    let tensor = try Tensor(.string, shape, bytes: StringTensor.encode([[1]]))
    let block = try TensorBlock(starts: [0, 0], lengths: [1, 0], in: shape)
    #expect(try errorCode { _ = try tensor.transposed() } == .unsupported)
    #expect(try errorCode { _ = try tensor.cast(to: .float32) } == .unsupported)
    #expect(try errorCode { _ = try tensor.slice(block) } == .unsupported)
  }

  private static let outside: [(starts: [Int], lengths: [Int])] = [
    ([0], [3]), ([0, 0, 0], [1, 1, 1]), ([-1, 0], [1, 1]), ([0, 0], [-1, 1]), ([0, 0], [3, 1]),
    ([1, 0], [2, 1]), ([3, 0], [0, 1]), ([Int.max, 0], [1, 1]), ([1, 0], [Int.max, 1]),
    ([Int.min, 0], [Int.min, 1]),
  ]

  @Test(arguments: outside)
  func blockOutsideItsTensorIsRefused(_ starts: [Int], _ lengths: [Int]) throws {
    let shape = try Shape([2, 3])
    let code = try errorCode { _ = try TensorBlock(starts: starts, lengths: lengths, in: shape) }
    #expect(code == .malformed)
  }
}
