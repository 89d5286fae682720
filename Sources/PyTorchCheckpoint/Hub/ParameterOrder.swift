package import Tensors
internal import TrainingState

/// Which variable each of an optimizer's numbers stands for.
///
/// The numbers go through the groups. Within a group parameters stand in the model's order; what else
/// is certain follows from names that somebody gives, or from shapes that allow one answer only.
package struct ParameterOrder {
  /// A variable that may have a number.
  package struct Candidate: Sendable {
    /// What the state calls it.
    package let name: String

    /// Its shape.
    package let shape: Shape

    /// What the model calls it, by which the Trainer deals it out.
    package let called: String

    /// Describes a variable.
    ///
    /// - Parameters:
    ///   - name: What the state calls it.
    ///   - shape: Its shape.
    ///   - called: What the model calls it, where that is another name.
    package init(name: String, shape: Shape, called: String? = nil) {
      self.name = name
      self.shape = shape
      self.called = called ?? name
    }
  }

  /// A number with the shape of what is kept for it, `nil` where nothing of its shape is.
  struct Numbered {
    let group: Int
    let shape: Shape?
  }

  /// What follows from one order of the model's.
  private enum Answer: Equatable {
    /// The numbers do not fit.
    case none
    /// The candidate of each number, `nil` for a parameter that is no candidate.
    case one([Int?])
    /// More than one way fits.
    case several

    /// Both answers together, each to another part of the question.
    func with(_ other: Answer) -> Answer {
      switch (self, other) {
      case (.none, _), (_, .none): .none
      case (.one(let first), .one(let second)): .one(first + second)
      default: .several
      }
    }

    /// The answer to a question that two orders answer.
    func or(_ other: Answer) -> Answer {
      if self == .none { return other }
      return other == .none || other == self ? self : .several
    }
  }

  /// How many ways to look through before shapes are said to leave it open.
  private static let workLimit = 1 << 24

  private let numbers: [Numbered]
  private let isSplit: Bool
  private let allowsOthers: Bool

  /// Takes in the question.
  ///
  /// - Parameters:
  ///   - numbers: The numbers, group by group.
  ///   - isSplit: Whether the second of two groups may be what the Trainer spares weight decay.
  ///   - allowsOthers: Whether the optimizer may have parameters that are no candidates.
  init(_ numbers: [Numbered], isSplit: Bool = true, allowsOthers: Bool = false) {
    self.numbers = numbers
    self.isSplit = isSplit
    self.allowsOthers = allowsOthers
  }

  /// Finds the variable of each number.
  ///
  /// - Parameters:
  ///   - orders: The orders in which the model may have its parameters; with none of them shapes alone must tell.
  ///   - sets: The parameters, in any order, of each model that may be the optimizer's.
  /// - Returns: For each number the name of its candidate, `nil` for one that is none; `nil` where more than one answer
  ///   fits, or none.
  func names(in orders: [[Candidate]], or sets: [[Candidate]]) -> [String?]? {
    var found: [[String?]] = []
    var isOpen = false
    for order in orders {
      switch answer(order) {
      case .none: continue
      case .several: isOpen = true
      case .one(let places):
        let names = places.map { $0.map { order[$0].name } }
        if !found.contains(names) { found.append(names) }
      }
    }
    if let names = found.first, found.count == 1, !isOpen { return names }
    let byShapes = Set(sets.compactMap { set in byShape(set).map { $0.map { set[$0].name } } })
    return byShapes.count == 1 ? byShapes.first.map { $0.map(Optional.some) } : nil
  }

  /// Finds the place of each number's variable in the one order that a model has.
  ///
  /// - Parameter candidates: The model's parameters in its order.
  /// - Returns: For each number the index of its candidate; `nil` where more than one answer fits, or none.
  func places(among candidates: [Candidate]) -> [Int]? {
    if case .one(let places) = answer(candidates) {
      let known = places.compactMap(\.self)
      if known.count == places.count { return known }
    }
    return byShape(candidates)
  }

  private func answer(_ candidates: [Candidate]) -> Answer {
    let groups = Set(numbers.map(\.group)).sorted()
    let all = Array(candidates.indices)
    if groups.count <= 1 { return sequence(Array(numbers.indices), all, candidates) }
    guard groups.count == 2 else { return .none }
    let first = numbers.indices.filter { numbers[$0].group == groups[0] }
    let second = numbers.indices.filter { numbers[$0].group == groups[1] }
    var splits: [[Int]] = []
    // Up to 4.4x classes decided and not names: of those that are not PyTorch's own class, biases alone were spared.
    for isSpared in isSplit ? [TrainerGroups.isSpared, TrainerGroups.isBias] : [] {
      let spared = all.filter { isSpared(candidates[$0].called) }
      if !splits.contains(spared) { splits.append(spared) }
    }
    func dealt(_ spared: [Int]) -> Answer {
      let rest = Set(spared)
      return sequence(first, all.filter { !rest.contains($0) }, candidates)
        .with(sequence(second, spared, candidates))
    }
    let exact = splits.filter { $0.count == second.count && all.count == numbers.count }
      .map(dealt).reduce(Answer.none) { $0.or($1) }
    if exact != .none { return exact }
    if all.count == numbers.count { return merge(first, second, candidates) }
    return splits.map(dealt).reduce(Answer.none) { $0.or($1) }
  }

  /// Finds numbers among candidates where both keep their order.
  private func sequence(_ own: [Int], _ places: [Int], _ candidates: [Candidate]) -> Answer {
    func fits(_ number: Int, _ place: Int) -> Bool {
      numbers[number].shape == nil || numbers[number].shape == candidates[place].shape
    }
    if own.count == places.count {
      return zip(own, places).allSatisfy(fits) ? .one(places) : .none
    }
    guard own.count * places.count <= Self.workLimit else { return .several }
    guard own.allSatisfy({ numbers[$0].shape != nil }) else { return .several }
    if own.count < places.count {
      return Self.embedding(own, in: places, fits: fits)
    }
    guard allowsOthers else { return .none }
    switch Self.embedding(places, in: own, fits: { fits($1, $0) }) {
    case .none: return .none
    case .several: return .several
    case .one(let found):
      let owners = Dictionary(
        zip(found.compactMap { $0 }, places).map { ($0, $1) },
        uniquingKeysWith: { first, _ in first }
      )
      return .one(own.map { owners[$0] })
    }
  }

  /// The one way to find a list in a longer one, in order.
  private static func embedding(
    _ list: [Int],
    in longer: [Int],
    fits: (Int, Int) -> Bool
  ) -> Answer {
    // The earliest and the latest way agree exactly when there is no other.
    func find(_ list: some Sequence<Int>, _ longer: [Int]) -> [Int]? {
      var found: [Int] = []
      var rest = longer[...]
      for element in list {
        guard let place = rest.firstIndex(where: { fits(element, $0) }) else { return nil }
        found.append(rest[place])
        rest = rest[(place + 1)...]
      }
      return found
    }
    guard let early = find(list, longer), let late = find(list.reversed(), longer.reversed()) else {
      return .none
    }
    return early == late.reversed() ? .one(early) : .several
  }

  /// The one way to deal all candidates out to two groups so that each keeps the model's order.
  private func merge(_ first: [Int], _ second: [Int], _ candidates: [Candidate]) -> Answer {
    guard first.count * second.count <= Self.workLimit else { return .several }
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
    guard ways[0][0] == 1 else { return ways[0][0] == 0 ? .none : .several }
    var order = [Int?](repeating: nil, count: numbers.count)
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
    return .one(order)
  }

  /// The order where every shape occurs once.
  private func byShape(_ candidates: [Candidate]) -> [Int]? {
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
