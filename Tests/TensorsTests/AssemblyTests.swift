import Tensors
import TestSupport
import Testing

@Suite("Tensor.assemble")
struct AssemblyTests {
  private func part(
    _ naive: NaiveTensor,
    _ starts: [Int],
    _ lengths: [Int]
  ) throws -> (block: TensorBlock, tensor: Tensor) {
    let whole = try naive.tensor()
    let block = try TensorBlock(starts: starts, lengths: lengths, in: whole.shape)
    let bytes = naive.slice(starts, lengths)
    return (block, try Tensor(whole.elementType, try Shape(lengths), bytes: bytes))
  }

  /// Cuts of an axis into one, two and three parts.
  private func partitions(_ size: Int) -> [[(start: Int, length: Int)]] {
    var all = [[(0, size)]]
    for first in 0...size {
      all.append([(0, first), (first, size - first)])
      for second in first...size {
        all.append([(0, first), (first, second - first), (second, size - second)])
      }
    }
    return all
  }

  @Test(arguments: [[3], [2, 3], [3, 2, 2]])
  func everyGridOfPartsDeliversEveryRange(_ dimensions: [Int]) throws {
    let naive = NaiveTensor(dimensions, width: 1)
    let type = try naive.tensor().elementType
    let grids = dimensions.map(partitions).reduce([[]]) { list, cuts in
      list.flatMap { head in cuts.map { head + [$0] } }
    }
    for grid in grids {
      let blocks = grid.reduce([[]]) { list, cuts in
        list.flatMap { head in cuts.map { head + [$0] } }
      }
      var parts = try blocks.map { try part(naive, $0.map(\.start), $0.map(\.length)) }
      // The order in which parts are listed is of no account.
      parts.reverse()
      let tensor = try Tensor.assemble(type, try Shape(dimensions), from: parts)
      #expect(try everyRange(of: tensor, is: naive.bytes), "\(blocks)")
    }
  }

  @Test
  func partsThatReachFarBehindLaterOnesAreFound() throws {
    // The first part ends last: looking at ends alone would miss it in every row but one.
    let naive = NaiveTensor([9, 4], width: 1)
    var parts = [try part(naive, [0, 0], [9, 1])]
    for row in 0..<9 { parts.append(try part(naive, [row, 1], [1, 3])) }
    let tensor = try Tensor.assemble(.uint8, try Shape([9, 4]), from: parts)
    #expect(try everyRange(of: tensor, is: naive.bytes))
  }

  @Test
  func reshapedTensorKeepsItsBytesAndSum() throws {
    let naive = NaiveTensor([2, 6], width: 1)
    let tensor = try naive.tensor().reshaped(try Shape([3, 4]))
    #expect(tensor.shape.dimensions == [3, 4])
    #expect(try everyRange(of: tensor, is: naive.bytes))
    #expect(throws: StateError.self) { try tensor.reshaped(try Shape([5])) }
  }

  @Test
  func partsOfUnevenRowsDeliverEveryRange() throws {
    // A brick wall: no grid.
    let naive = NaiveTensor([2, 5], width: 2)
    let parts = [
      try part(naive, [0, 0], [1, 2]), try part(naive, [0, 2], [1, 3]),
      try part(naive, [1, 0], [1, 4]), try part(naive, [1, 4], [1, 1]),
    ]
    let tensor = try Tensor.assemble(.uint16, try Shape([2, 5]), from: parts)
    #expect(try everyRange(of: tensor, is: naive.bytes))
    #expect(tensor.source.origins.count == 4)
  }

  @Test
  func everyHoleAndEveryOverlapIsRefused() throws {
    let naive = NaiveTensor([3, 3], width: 1)
    let shape = try Shape([3, 3])
    let blocks = cuts(3).flatMap { rows in cuts(3).map { (rows, $0) } }.filter {
      $0.0.length * $0.1.length > 0
    }
    for (rows, columns) in blocks {
      for (otherRows, otherColumns) in blocks {
        var covered = [Int](repeating: 0, count: 9)
        for (rows, columns) in [(rows, columns), (otherRows, otherColumns)] {
          for row in rows.start..<rows.start + rows.length {
            for column in columns.start..<columns.start + columns.length {
              covered[3 * row + column] += 1
            }
          }
        }
        let parts = [
          try part(naive, [rows.start, columns.start], [rows.length, columns.length]),
          try part(
            naive,
            [otherRows.start, otherColumns.start],
            [otherRows.length, otherColumns.length]
          ),
        ]
        let code = try errorCode { _ = try Tensor.assemble(.uint8, shape, from: parts) }
        #expect(code == (covered.allSatisfy { $0 == 1 } ? nil : .malformed))
      }
    }
  }

  @Test
  func partThatDiffersFromItsPlaceIsRefused() throws {
    let shape = try Shape([2])
    let block = try TensorBlock(starts: [0], lengths: [2], in: shape)
    for other in [
      try floats([1]), try floats([1, 2], [1, 2]), try floats([1, 2]).cast(to: .float64),
    ] {
      let code = try errorCode { _ = try Tensor.assemble(.float32, shape, from: [(block, other)]) }
      #expect(code == .malformed)
    }
    let strings = try errorCode { _ = try Tensor.assemble(.string, shape, from: []) }
    #expect(strings == .unsupported)
  }

  @Test
  func emptyTensorNeedsNoParts() throws {
    #expect(try Tensor.assemble(.float32, try Shape([0, 3]), from: []).byteCount == 0)
    #expect(
      try errorCode { _ = try Tensor.assemble(.float32, try Shape([1]), from: []) } == .malformed
    )
  }
}

@Suite("TensorBlock.areApart")
struct ManyPartsTests {
  /// A column per part, some of them wrong: comparing each with each would take minutes.
  @Test(.timeLimit(.minutes(1)))
  func longListsAreCheckedInTime() throws {
    let count = 40_000
    let shape = try Shape([2, count])
    func parts(_ starts: [Int]) throws -> [(block: TensorBlock, tensor: Tensor)] {
      try starts.map { start in
        let block = try TensorBlock(starts: [0, start], lengths: [2, 1], in: shape)
        return (block, try Tensor(.int8, try Shape([2, 1]), bytes: [0, 0]))
      }
    }
    _ = try Tensor.assemble(.int8, shape, from: parts(Array(0..<count)))
    let repeated = [7] + Array(1..<count)
    #expect(
      try errorCode { _ = try Tensor.assemble(.int8, shape, from: parts(repeated)) } == .malformed
    )
  }

  @Test
  func cutsAlongTooManyAxesAreRefused() throws {
    let shape = try Shape([Int](repeating: 2, count: 9))
    let blocks = try (0..<512).map { number in
      try TensorBlock(
        starts: (0..<9).map { number >> $0 & 1 },
        lengths: [Int](repeating: 1, count: 9),
        in: shape
      )
    }
    let parts = try blocks.map { block in
      (block: block, tensor: try Tensor(.int8, try Shape(block.lengths), bytes: [0]))
    }
    #expect(
      try errorCode { _ = try Tensor.assemble(.int8, shape, from: parts) } == .limitExceeded
    )
  }
}
