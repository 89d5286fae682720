import Tensors
import Testing

@testable import DeepSpeedCheckpoint

@Suite("Layouts of ZeRO")
struct LayoutTests {
  /// DeepSpeed pads a group to twice the number of ranks.
  @Test(arguments: [(1, 4, 2), (8, 4, 2), (9, 4, 4), (106, 2, 54), (0, 3, 0), (7, 1, 8)])
  func partsAreEvenAndHoldAll(_ count: Int, _ ranks: Int, _ part: Int) {
    #expect(ZeroLayout.part(of: count, ranks: ranks) == part)
  }

  @Test
  func gapsBringParametersToMultiples() {
    #expect(ZeroLayout.gaps(behind: [5, 8, 3, 1], alignment: 4) == [3, 0, 1, 0])
    #expect(ZeroLayout.gaps(behind: [5, 8, 3], alignment: 1) == [0, 0, 0])
    #expect(ZeroLayout.gaps(behind: [], alignment: 4) == [])
  }

  @Test
  func ranksTakeTurns() {
    #expect(RoundRobin.order(7, ranks: 3) == [0, 3, 6, 1, 4, 2, 5])
    #expect(RoundRobin.order(2, ranks: 4) == [0, 1])
  }

  private func layout(_ counts: [Int], ranks: Int, cutsParameters: Bool) throws -> ZeroLayout {
    let shapes = try counts.enumerated().map {
      (name: "p\($0.offset)", shape: try Shape([$0.element]))
    }
    return try ZeroLayout(shapes, gaps: [], ranks: ranks, cutsParameters: cutsParameters)
  }

  @Test
  func membersOfARank() throws {
    // Parts of 6: p0 and the front of p1, the rest of p1, p2.
    let whole = try layout([4, 8, 1], ranks: 3, cutsParameters: false)
    let names = (0..<3).map { whole.members(of: $0, ranks: 3).map(\.name) }
    #expect(names == [["p0", "p1"], ["p1"], ["p2"]])
    // A scalar is the first rank's alone; five elements over four ranks leave the last without any.
    let each = try layout([1, 5], ranks: 4, cutsParameters: true)
    #expect(
      (0..<4).map { each.members(of: $0, ranks: 4).map(\.name) } == [
        ["p0", "p1"], ["p1"], ["p1"], [],
      ]
    )
  }

  private func parts(_ counts: [Int]) throws -> [Tensor] {
    try counts.map { try Tensor.constant(0, .float32, .vector($0)) }
  }

  /// Ten elements for three ranks: parts of 4, and the last one with or without its fill.
  @Test(arguments: [[4, 4, 4], [4, 4, 2]])
  func partsOfOneCutAreTaken(_ counts: [Int]) throws {
    let layout = try layout([10], ranks: 3, cutsParameters: false)
    try layout.check(try parts(counts), ["0", "1", "2"])
  }

  @Test(arguments: [([4, 6, 4], "1"), ([6, 4, 4], "0"), ([4, 4, 3], "2"), ([4, 2, 4], "1")])
  func partOfAnotherCutIsNamed(_ counts: [Int], _ file: String) throws {
    let layout = try layout([10], ranks: 3, cutsParameters: false)
    #expect(throws: StateError.self) { try layout.check(try parts(counts), ["0", "1", "2"]) }
    do {
      try layout.check(try parts(counts), ["0", "1", "2"])
    } catch let error as StateError {
      #expect(error.code == .malformed)
      #expect(error.file == file)
    }
  }

  @Test
  func sizesThatOverflowAreRefused() {
    #expect(throws: StateError.self) { try layout([.max, .max], ranks: 2, cutsParameters: false) }
  }
}
