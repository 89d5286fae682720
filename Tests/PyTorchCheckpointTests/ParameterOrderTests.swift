import TestSupport
import Tensors
import Testing

@testable import PyTorchCheckpoint

@Suite("ParameterOrder")
struct ParameterOrderTests {
  private func candidates(_ list: [(String, [Int])]) throws -> [ParameterOrder.Candidate] {
    try list.map { .init(name: $0.0, shape: try Shape($0.1)) }
  }

  private func numbers(_ groups: [[[Int]?]]) throws -> [ParameterOrder.Numbered] {
    try groups.enumerated().flatMap { group, shapes in
      try shapes.map { .init(group: group, shape: try $0.map { try Shape($0) }) }
    }
  }

  @Test
  func oneGroupOfAllHasTheModelsOrder() throws {
    let model = try candidates([("a", [2]), ("b", [2]), ("c", [3])])
    #expect(try ParameterOrder.match(try numbers([[[2], nil, [3]]]), model) == [0, 1, 2])
  }

  @Test
  func trainerGroupsAreRecognized() throws {
    let model = try candidates([
      ("x.weight", [2, 2]), ("x.bias", [2]), ("LayerNorm.weight", [2]), ("y.weight", [2, 2]),
    ])
    let order = try ParameterOrder.match(try numbers([[[2, 2], [2, 2]], [[2], [2]]]), model)
    #expect(order == [0, 3, 1, 2])
  }

  @Test
  func aSubsetIsFoundWhereItIsTheOnlyOne() throws {
    let model = try candidates([("a", [2]), ("b", [3]), ("c", [2]), ("d", [4])])
    #expect(try ParameterOrder.match(try numbers([[[3], [4]]]), model) == [1, 3])
    #expect(
      try errorCode { _ = try ParameterOrder.match(try numbers([[[2], [4]]]), model) }
        == .unsupported
    )
  }

  @Test
  func groupsAreMergedWhereThereIsOneWay() throws {
    let model = try candidates([("a", [2]), ("b", [3]), ("c", [2, 2]), ("d", [4])])
    let order = try ParameterOrder.match(try numbers([[[3], [4]], [[2], [2, 2]]]), model)
    #expect(order == [1, 3, 0, 2])
    let equal = try candidates([("a", [2]), ("b", [2]), ("c", [2])])
    #expect(
      try errorCode { _ = try ParameterOrder.match(try numbers([[[2]], [[2], [2]]]), equal) }
        == .unsupported
    )
  }

  @Test
  func withoutAnOrderShapesAloneMustTell() throws {
    let model = try candidates([("a", [2]), ("b", [3])])
    let found = try ParameterOrder.match(try numbers([[[3], [2]]]), model, isOrdered: false)
    #expect(found == [1, 0])
    let equal = try candidates([("a", [2]), ("b", [2])])
    let code = try errorCode {
      _ = try ParameterOrder.match(try numbers([[[2], [2]]]), equal, isOrdered: false)
    }
    #expect(code == .unsupported)
  }
}
