internal import Tensors

/// Finds the orders in which a model's variables can have the shapes of an optimizer's list.
///
/// A weights file says which objects there are, and in which order those of one class stand; how the classes mix it does
/// not say. An optimizer's list gives the shapes in the model's order, and objects stay whole in it: most lists leave a
/// single way to mix the classes.
struct OrderSearch {
  /// A variable that an object keeps.
  struct Member {
    /// Its number.
    let place: Int
    /// The shapes of what the list has of it, one after another.
    let run: [Shape]
  }

  /// An object that keeps variables, and those inside it.
  final class Node {
    /// The variables of its own that may be trained.
    let own: [Member]

    /// Whether any number of its last variables may have no slots: an object of an unknown class keeps what is not
    /// trained behind what is.
    let isOpen: Bool

    /// Objects inside it, in runs whose order is known.
    let chains: [[Node]]

    /// For every object in the runs, how many of each run's certainly stand before it; empty where nothing shows.
    let needs: [[[Int]]]

    init(own: [Member], isOpen: Bool, chains: [[Node]], needs: [[[Int]]]) {
      self.own = own
      self.isOpen = isOpen
      self.chains = chains
      self.needs = needs
    }
  }

  /// Steps after which a search is given up.
  private static let stepLimit = 200_000

  /// Solutions that are told apart: a second one shows that the first is not the only one.
  private static let enough = 2

  private let shapes: [Shape]
  private let isSkipping: Bool
  private var steps = 0
  private var known: [ObjectIdentifier: [Int: [Int: [[Int]]]]] = [:]

  /// Prepares a search.
  ///
  /// - Parameters:
  ///   - shapes: Shapes of a part of the list, in order.
  ///   - isSkipping: Whether objects may have been left out: frozen ones have no slots.
  init(_ shapes: [Shape], isSkipping: Bool) {
    self.shapes = shapes
    self.isSkipping = isSkipping
  }

  /// Numbers of variables in each order that fits, two at most.
  ///
  /// - Parameter root: The model.
  /// - Returns: The orders; `nil` where the search was given up.
  mutating func orders(of root: Node) -> [[Int]]? {
    let found = ends(of: root, from: 0)[shapes.count] ?? []
    return steps > Self.stepLimit ? nil : found
  }

  /// Where an object's variables may end in the list, and which they are then.
  private mutating func ends(of node: Node, from start: Int) -> [Int: [[Int]]] {
    let key = ObjectIdentifier(node)
    if let found = known[key]?[start] { return found }
    steps += 1
    var result: [Int: [[Int]]] = [:]
    for (end, places) in beginnings(of: node, from: start) {
      var memory: [[Int]: [Int: [[Int]]]] = [:]
      let first = [Int](repeating: 0, count: node.chains.count)
      for (last, rests) in mixed(node, first, from: end, &memory) {
        for rest in rests { Self.add(places + rest, at: last, to: &result) }
      }
    }
    known[key, default: [:]][start] = result
    return result
  }

  /// Where the variables that an object keeps itself may end, and which they are.
  private func beginnings(of node: Node, from start: Int) -> [(end: Int, places: [Int])] {
    var found: [(end: Int, places: [Int])] = []
    var end = start
    var places: [Int] = []
    if node.own.isEmpty || node.isOpen || isSkipping { found.append((start, [])) }
    for (number, member) in node.own.enumerated() {
      guard shapes[end...].starts(with: member.run) else { break }
      end += member.run.count
      places.append(member.place)
      if node.isOpen || number == node.own.count - 1 { found.append((end, places)) }
    }
    return found
  }

  /// Where runs of objects may end in the list if mixed in any way that is open.
  private mutating func mixed(
    _ node: Node,
    _ positions: [Int],
    from start: Int,
    _ memory: inout [[Int]: [Int: [[Int]]]]
  ) -> [Int: [[Int]]] {
    let key = positions + [start]
    if let found = memory[key] { return found }
    steps += 1
    guard steps <= Self.stepLimit else { return [:] }
    var result: [Int: [[Int]]] = [:]
    if isSkipping || zip(node.chains, positions).allSatisfy({ $0.count == $1 }) {
      result[start] = [[]]
    }
    for (number, chain) in node.chains.enumerated() where positions[number] < chain.count {
      let last = isSkipping ? chain.count : positions[number] + 1
      for place in positions[number]..<last {
        guard let next = self.next(node, positions, number, place) else { continue }
        // What is left out adds nothing, and would be counted once more for each way to leave it out.
        for (end, heads) in ends(of: chain[place], from: start) where end > start || !isSkipping {
          for (final, tails) in mixed(node, next, from: end, &memory) {
            for head in heads {
              for tail in tails { Self.add(head + tail, at: final, to: &result) }
            }
          }
        }
      }
    }
    memory[key] = result
    return result
  }

  /// How far the runs are when an object has had its turn; `nil` where others must come before it.
  private func next(_ node: Node, _ positions: [Int], _ number: Int, _ place: Int) -> [Int]? {
    var next = positions
    next[number] = place + 1
    guard !node.needs.isEmpty else { return next }
    for (other, need) in node.needs[number][place].enumerated() where need > next[other] {
      guard isSkipping else { return nil }
      next[other] = need
    }
    return next
  }

  private static func add(_ places: [Int], at end: Int, to result: inout [Int: [[Int]]]) {
    guard result[end, default: []].count < enough, result[end]?.contains(places) != true else {
      return
    }
    result[end, default: []].append(places)
  }
}
