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

  /// The names found among a model's parameters in their order.
  private func names(
    _ groups: [[[Int]?]],
    _ orders: [[(String, [Int])]],
    isSplit: Bool = true,
    allowsOthers: Bool = false
  ) throws -> [String?]? {
    let lists = try orders.map(candidates)
    return ParameterOrder(try numbers(groups), isSplit: isSplit, allowsOthers: allowsOthers)
      .names(in: lists, or: [lists.first ?? []])
  }

  @Test
  func oneGroupOfAllHasTheModelsOrder() throws {
    let model = [("a", [2]), ("b", [2]), ("c", [3])]
    #expect(try names([[[2], nil, [3]]], [model]) == ["a", "b", "c"])
  }

  @Test
  func trainerGroupsAreRecognized() throws {
    let model = [
      ("x.weight", [2, 2]), ("x.bias", [2]), ("LayerNorm.weight", [2]), ("y.weight", [2, 2]),
    ]
    let groups: [[[Int]?]] = [[[2, 2], [2, 2]], [[2], [2]]]
    #expect(try names(groups, [model]) == ["x.weight", "y.weight", "x.bias", "LayerNorm.weight"])
  }

  @Test
  func anOlderTrainersGroupsAreRecognized() throws {
    // Up to 4.4x a normalization of the model's own class decayed.
    let model = [("a.weight", [2]), ("a.bias", [2]), ("norm.weight", [2]), ("b.weight", [2])]
    let groups: [[[Int]?]] = [[[2], [2], [2]], [[2]]]
    #expect(try names(groups, [model]) == ["a.weight", "norm.weight", "b.weight", "a.bias"])
    #expect(try names(groups, [model], isSplit: false) == nil)
  }

  @Test
  func aSubsetIsFoundWhereItIsTheOnlyOne() throws {
    let model = [("a", [2]), ("b", [3]), ("c", [2]), ("d", [4])]
    #expect(try names([[[3], [4]]], [model]) == ["b", "d"])
    #expect(try names([[[2], [4]]], [model]) == nil)
  }

  @Test
  func frozenParametersAreLeftOutOfBothGroups() throws {
    let model = [
      ("a.weight", [2, 2]), ("a.bias", [2]), ("b.weight", [3, 2]), ("b.bias", [3]),
    ]
    #expect(try names([[[3, 2]], [[3]]], [model]) == ["b.weight", "b.bias"])
  }

  @Test
  func groupsAreMergedWhereThereIsOneWay() throws {
    let model = [("a", [2]), ("b", [3]), ("c", [2, 2]), ("d", [4])]
    #expect(try names([[[3], [4]], [[2], [2, 2]]], [model]) == ["b", "d", "a", "c"])
    let equal = [("a", [2]), ("b", [2]), ("c", [2])]
    #expect(try names([[[2]], [[2], [2]]], [equal]) == nil)
  }

  @Test
  func withoutAnOrderShapesAloneMustTell() throws {
    let model = try candidates([("a", [2]), ("b", [3])])
    let found = ParameterOrder(try numbers([[[3], [2]]])).names(in: [], or: [model])
    #expect(found == ["b", "a"])
    let equal = try candidates([("a", [2]), ("b", [2])])
    #expect(ParameterOrder(try numbers([[[2], [2]]])).names(in: [], or: [equal]) == nil)
    // Of two models that fit nothing says which one it is.
    let other = try candidates([("c", [2]), ("d", [3])])
    #expect(ParameterOrder(try numbers([[[3], [2]]])).names(in: [], or: [model, other]) == nil)
    let third = try candidates([("c", [2]), ("d", [4])])
    let alone = ParameterOrder(try numbers([[[3], [2]]])).names(in: [], or: [model, third])
    #expect(alone == ["b", "a"])
  }

  @Test
  func ofSeveralOrdersOneMustFit() throws {
    let old = [("a", [2]), ("b", [3]), ("c", [2])]
    let new = [("b", [3]), ("c", [2]), ("a", [2])]
    #expect(try names([[[3], [2], [2]]], [old, new]) == ["b", "c", "a"])
    #expect(try names([[[2], [3], [2]]], [old, new]) == ["a", "b", "c"])
    let twin = [("c", [2]), ("b", [3]), ("a", [2])]
    #expect(try names([[[2], [3], [2]]], [old, twin]) == nil)
  }

  @Test
  func aParameterOutsideTheModelIsAllowedWhereAsked() throws {
    let model = [("a", [2]), ("b", [3])]
    #expect(try names([[[2], [3], [4]]], [model], allowsOthers: true) == ["a", "b", nil])
    #expect(try names([[[2], [3], [4]]], [model]) == nil)
    #expect(try names([[[2], [3], [3]]], [model], allowsOthers: true) == nil)
  }
}
