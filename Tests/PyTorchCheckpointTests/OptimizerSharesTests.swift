import TestSupport
import Tensors
import Testing

@testable import PyTorchCheckpoint

@Suite("OptimizerShares")
struct OptimizerSharesTests {
  private func candidates(_ list: [(String, [Int])]) throws -> [ParameterOrder.Candidate] {
    try list.map { .init(name: $0.0, shape: try Shape($0.1)) }
  }

  private func numbers(_ shapes: [[Int]?]) throws -> [ParameterOrder.Numbered] {
    try shapes.map { .init(group: 0, shape: try $0.map { try Shape($0) }) }
  }

  @Test
  func eachPartOfTheModelHasTheOptimizerThatItsShapesFit() throws {
    let model = try candidates([
      ("G.0.weight", [4, 2]), ("G.0.bias", [4]), ("D.0.weight", [1, 4]), ("D.0.bias", [1]),
    ])
    let generator = try numbers([[4, 2], [4]])
    let critic = try numbers([[1, 4], [1]])
    #expect(try OptimizerShares.match([generator, critic], model) == [[0, 1], [2, 3]])
    #expect(try OptimizerShares.match([critic, generator], model) == [[2, 3], [0, 1]])
  }

  @Test
  func anOptimizerMayHaveSeveralPartsInARow() throws {
    let model = try candidates([
      ("m.A.w", [2]), ("m.B.w", [2]), ("m.C.w", [3]), ("m.C.b", [1]),
    ])
    let both = try numbers([[2], [2]])
    #expect(
      try OptimizerShares.match([both, try numbers([[3], [1]])], model) == [[0, 1], [2, 3]]
    )
  }

  @Test
  func theOtherSideOfWhatIsCertainIsCertain() throws {
    // Nothing is kept for the first optimizer's parameters, so that their number alone tells.
    let model = try candidates([("a.w", [2]), ("a.b", [2]), ("b.w", [2])])
    let order = try OptimizerShares.match([try numbers([nil, nil]), try numbers([[2]])], model)
    #expect(order == [[0, 1], [2]])
  }

  @Test
  func partsThatLookAlikeAreNotDealtOut() throws {
    let model = try candidates([("A.w", [2]), ("B.w", [2])])
    let one = try numbers([[2]])
    #expect(try errorCode { _ = try OptimizerShares.match([one, one], model) } == .unsupported)
  }

  @Test
  func optimizersOfOneParameterKeepIt() throws {
    let model = try candidates([("A.w", [2]), ("B.w", [3])])
    let shared = try OptimizerShares.match([try numbers([[2]]), try numbers([[2], [3]])], model)
    #expect(shared == [[0], [0, 1]])
  }
}
