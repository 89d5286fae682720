/// The order of a model's variables, given as a list of patterns: what has numbers repeats as a block.
///
/// Consecutive patterns with the same letters repeat together, number by number; within them those that share a further
/// letter do.
package struct PatternOrder: Sendable {
  /// For each pattern, and each of its letters, the first of those that repeat together with it.
  private let blocks: [[Int]]

  /// Finds out what repeats.
  ///
  /// - Parameter letters: The letters of each pattern in their order.
  /// - Complexity: O(number of letters over all patterns).
  package init(_ letters: [[String]]) {
    var blocks: [[Int]] = []
    for (index, own) in letters.enumerated() {
      let before = index > 0 ? letters[index - 1] : []
      var firsts: [Int] = []
      for depth in own.indices {
        let goesOn = before.count > depth && before[...depth] == own[...depth]
        firsts.append(goesOn ? blocks[index - 1][depth] : index)
      }
      blocks.append(firsts)
    }
    self.blocks = blocks
  }

  /// What sorts variables into the order, compared number by number.
  ///
  /// - Parameters:
  ///   - index: The pattern that a variable's name follows.
  ///   - numbers: The numbers in its name, in the order of the pattern's letters.
  /// - Returns: The key.
  package func key(_ index: Int, _ numbers: [Int]) -> [Int] {
    zip(blocks[index], numbers).flatMap { [$0, $1] } + [index]
  }
}
