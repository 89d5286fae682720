internal import Tensors

/// Which of a model's parameters each of several optimizers numbers.
///
/// No file says it. An optimizer is made for a part of the model, or for several in a row; what is certain is the one way
/// to deal parts out such that all shapes fit and no parameter has two optimizers.
enum OptimizerShares {
  /// Parts of the model in a row are looked at up to this many.
  private static let longestRow = 64

  /// How many ways to look through before shapes are said to leave it open.
  private static let workLimit = 100_000

  /// Finds the parameters of each optimizer.
  ///
  /// - Parameters:
  ///   - optimizers: The numbers of each.
  ///   - candidates: The model's parameters in its order.
  /// - Returns: For each number of each optimizer the index of its candidate; where every optimizer has one way alone, and
  ///   two meet in a parameter, these.
  /// - Throws: `StateError` with code `unsupported` when more than one answer fits, or none.
  static func match(
    _ optimizers: [[ParameterOrder.Numbered]],
    _ candidates: [ParameterOrder.Candidate]
  ) throws -> [[Int]] {
    let parts = parts(of: candidates)
    let ways = optimizers.map { self.ways(of: $0, candidates, parts) }
    var found: [[[Int]]] = []
    var work = 0
    func deal(_ chosen: [[Int]], _ taken: Set<Int>) {
      guard found.count < 2, work < workLimit else { return }
      work += 1
      guard chosen.count < ways.count else {
        found.append(chosen)
        return
      }
      for way in ways[chosen.count] where taken.isDisjoint(with: way) {
        deal(chosen + [way], taken.union(way))
      }
    }
    deal([], [])
    if found.count == 1, work < workLimit { return found[0] }
    let only = ways.compactMap { $0.count == 1 ? $0[0] : nil }
    if found.isEmpty, only.count == ways.count { return only }
    let count = optimizers.reduce(0) { $0 + $1.count }
    throw StateError(
      .unsupported,
      "the \(optimizers.count) optimizers number \(count) parameters, and it is not certain which of "
        + "the model's \(candidates.count) each one is",
      remedy:
        "pass --names with a file of the parameters' names, those of one optimizer after another"
    )
  }

  /// The parts of a model by the beginnings of its parameters' names, and rows of its outermost parts.
  private static func parts(of candidates: [ParameterOrder.Candidate]) -> [[Int]] {
    let names = candidates.map { $0.name.split(separator: ".").map { ExactName(String($0)) } }
    var parts: [[Int]] = [Array(candidates.indices)]
    var seen = Set(parts)
    var outermost: [[Int]] = []
    for depth in 1...max(names.map(\.count).max() ?? 1, 1) {
      var members: [ArraySlice<ExactName>: [Int]] = [:]
      var order: [ArraySlice<ExactName>] = []
      for (index, name) in names.enumerated() where name.count > depth {
        let start = name.prefix(depth)
        if members[start] == nil { order.append(start) }
        members[start, default: []].append(index)
      }
      let level = order.compactMap { members[$0] }
      // A model in a wrapper has its parts further in.
      if outermost.count < 2 { outermost = level }
      for part in level where seen.insert(part).inserted { parts.append(part) }
    }
    guard outermost.count <= longestRow else { return parts }
    for first in outermost.indices {
      for last in outermost.indices where last > first {
        let row = outermost[first...last].flatMap(\.self)
        if seen.insert(row).inserted { parts.append(row) }
      }
    }
    return parts
  }

  /// The ways in which an optimizer can number a part of the model, the whole model being one.
  private static func ways(
    of numbers: [ParameterOrder.Numbered],
    _ candidates: [ParameterOrder.Candidate],
    _ parts: [[Int]]
  ) -> [[Int]] {
    var seen: Set<[Int]> = []
    return parts.enumerated().compactMap { place, part -> [Int]? in
      guard part.count == numbers.count || place == 0 && part.count > numbers.count,
        let order = ParameterOrder(numbers).places(among: part.map { candidates[$0] })
      else { return nil }
      let way = order.map { part[$0] }
      return seen.insert(way).inserted ? way : nil
    }
  }
}
