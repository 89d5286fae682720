internal import Tensors
internal import TrainingState

/// Which variable each of an optimizer's numbers stands for.
///
/// The numbers go through the groups. Within a group parameters stand in the model's order; what else
/// is certain follows from names that somebody gives, or from shapes that allow one answer only.
struct ParameterOrder {
  /// A variable that may have a number.
  struct Candidate {
    let name: String
    let shape: Shape
  }

  /// A number with the shape of what is kept for it, `nil` where nothing of its shape is.
  struct Numbered {
    let group: Int
    let shape: Shape?
  }

  /// How many ways to look through before shapes are said to leave it open.
  private static let workLimit = 1 << 24

  /// Finds the variable of each number.
  ///
  /// - Parameters:
  ///   - numbers: The numbers, group by group.
  ///   - candidates: The model's parameters in its order.
  ///   - isOrdered: Whether that order is known; otherwise shapes alone must tell.
  /// - Returns: For each number the index of its candidate.
  /// - Throws: `StateError` with code `unsupported` when more than one answer fits, or none.
  static func match(
    _ numbers: [Numbered],
    _ candidates: [Candidate],
    isOrdered: Bool = true
  ) throws -> [Int] {
    let groups = isOrdered ? Set(numbers.map(\.group)).count : Int.max
    if groups <= 1, numbers.count == candidates.count {
      let order = Array(candidates.indices)
      if fits(numbers, candidates, order) { return order }
    }
    if groups == 2, let order = trainerOrder(numbers, candidates),
      fits(numbers, candidates, order)
    {
      return order
    }
    if groups <= 1, let order = onlySubsequence(numbers, candidates) { return order }
    if groups == 2, let order = onlyMerge(numbers, candidates) { return order }
    if let order = byShape(numbers, candidates) { return order }
    throw StateError(
      .unsupported,
      "the optimizer numbers \(numbers.count) parameters, and it is not certain which of the "
        + "model's \(candidates.count) each one is",
      remedy: "pass --names with a file of the parameters' names in the optimizer's order"
    )
  }

  private static func fits(
    _ numbers: [Numbered],
    _ candidates: [Candidate],
    _ order: [Int]
  ) -> Bool {
    order.count == numbers.count
      && zip(numbers, order).allSatisfy { $0.shape == nil || $0.shape == candidates[$1].shape }
  }

  /// The order of the Trainer's two groups: what decays, then biases and normalizations.
  private static func trainerOrder(
    _ numbers: [Numbered],
    _ candidates: [Candidate]
  ) -> [Int]? {
    let spared = candidates.map { TrainerGroups.isSpared($0.name) }
    let first = candidates.indices.filter { !spared[$0] }
    let second = candidates.indices.filter { spared[$0] }
    let count = numbers.count { $0.group == numbers.first?.group }
    return count == first.count && numbers.count == candidates.count ? first + second : nil
  }

  /// The one way to find the numbers among the candidates in their order.
  private static func onlySubsequence(
    _ numbers: [Numbered],
    _ candidates: [Candidate]
  ) -> [Int]? {
    guard numbers.count <= candidates.count,
      numbers.count * candidates.count <= workLimit,
      numbers.allSatisfy({ $0.shape != nil })
    else { return nil }
    // The earliest and the latest way agree exactly when there is no other.
    var early: [Int] = []
    var place = 0
    for number in numbers {
      while place < candidates.count, candidates[place].shape != number.shape { place += 1 }
      guard place < candidates.count else { return nil }
      early.append(place)
      place += 1
    }
    var late: [Int] = []
    place = candidates.count - 1
    for number in numbers.reversed() {
      while place >= 0, candidates[place].shape != number.shape { place -= 1 }
      guard place >= 0 else { return nil }
      late.append(place)
      place -= 1
    }
    return early == late.reversed() ? early : nil
  }

  /// The one way to deal all candidates out to two groups so that each keeps the model's order.
  private static func onlyMerge(_ numbers: [Numbered], _ candidates: [Candidate]) -> [Int]? {
    let first = numbers.indices.filter { numbers[$0].group == numbers[0].group }
    let second = numbers.indices.filter { numbers[$0].group != numbers[0].group }
    guard numbers.count == candidates.count, first.count * second.count <= workLimit else {
      return nil
    }
    func takes(_ number: Int, _ candidate: Int) -> Bool {
      numbers[number].shape == nil || numbers[number].shape == candidates[candidate].shape
    }
    // ways[i][j]: in how many ways the rest can be dealt after i and j of the groups; 2 is many.
    var ways = [[UInt8]](
      repeating: [UInt8](repeating: 0, count: second.count + 1),
      count: first.count + 1
    )
    for i in (0...first.count).reversed() {
      for j in (0...second.count).reversed() {
        if i == first.count, j == second.count {
          ways[i][j] = 1
          continue
        }
        var count: UInt8 = 0
        if i < first.count, takes(first[i], i + j) { count += ways[i + 1][j] }
        if j < second.count, takes(second[j], i + j) { count += ways[i][j + 1] }
        ways[i][j] = min(count, 2)
      }
    }
    guard ways[0][0] == 1 else { return nil }
    var order = [Int](repeating: 0, count: numbers.count)
    var (i, j) = (0, 0)
    while i + j < candidates.count {
      if i < first.count, takes(first[i], i + j), ways[i + 1][j] == 1 {
        order[first[i]] = i + j
        i += 1
      } else {
        order[second[j]] = i + j
        j += 1
      }
    }
    return order
  }

  /// The order where every shape occurs once.
  private static func byShape(_ numbers: [Numbered], _ candidates: [Candidate]) -> [Int]? {
    let places = Dictionary(grouping: candidates.indices) { candidates[$0].shape }
    var used: Set<Int> = []
    let order = numbers.compactMap { number -> Int? in
      guard let shape = number.shape, let found = places[shape], found.count == 1,
        used.insert(found[0]).inserted
      else { return nil }
      return found[0]
    }
    return order.count == numbers.count ? order : nil
  }
}
