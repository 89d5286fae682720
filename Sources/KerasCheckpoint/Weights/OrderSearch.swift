internal import Tensors

/// Finds the orders in which a model's variables can have the shapes of an optimizer's list.
///
/// A weights file says which objects there are, and in which order those of one class stand; how the classes mix it does
/// not say. An optimizer's list gives the shapes in the model's order, and objects stay whole in it: most lists leave a
/// single way to mix the classes.
struct OrderSearch {
  /// An object that keeps variables, and those inside it.
  final class Node {
    /// The variables of its own that may be trained, by number and shape.
    let own: [(place: Int, shape: Shape)]

    /// Objects inside it, in runs whose order is known.
    let chains: [[Node]]

    init(own: [(place: Int, shape: Shape)], chains: [[Node]]) {
      self.own = own
      self.chains = chains
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
  ///   - shapes: Shapes of the list's variables, in order.
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
    let end = start + node.own.count
    var beginnings: [(end: Int, places: [Int])] = []
    if end <= shapes.count, zip(node.own, shapes[start..<end]).allSatisfy({ $0.shape == $1 }) {
      beginnings.append((end, node.own.map(\.place)))
    }
    if isSkipping, !node.own.isEmpty { beginnings.append((start, [])) }
    for (end, places) in beginnings {
      var memory: [[Int]: [Int: [[Int]]]] = [:]
      let first = [Int](repeating: 0, count: node.chains.count)
      for (last, rests) in mixed(node.chains, first, from: end, &memory) {
        for rest in rests { Self.add(places + rest, at: last, to: &result) }
      }
    }
    known[key, default: [:]][start] = result
    return result
  }

  /// Where runs of objects may end in the list if mixed in any way.
  private mutating func mixed(
    _ chains: [[Node]],
    _ positions: [Int],
    from start: Int,
    _ memory: inout [[Int]: [Int: [[Int]]]]
  ) -> [Int: [[Int]]] {
    let key = positions + [start]
    if let found = memory[key] { return found }
    steps += 1
    guard steps <= Self.stepLimit else { return [:] }
    var result: [Int: [[Int]]] = [:]
    if isSkipping || zip(chains, positions).allSatisfy({ $0.count == $1 }) { result[start] = [[]] }
    for (number, chain) in chains.enumerated() where positions[number] < chain.count {
      let last = isSkipping ? chain.count : positions[number] + 1
      for place in positions[number]..<last {
        var next = positions
        next[number] = place + 1
        // What is left out adds nothing, and would be counted once more for each way to leave it out.
        for (end, heads) in ends(of: chain[place], from: start) where end > start || !isSkipping {
          for (final, tails) in mixed(chains, next, from: end, &memory) {
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

  private static func add(_ places: [Int], at end: Int, to result: inout [Int: [[Int]]]) {
    guard result[end, default: []].count < enough, result[end]?.contains(places) != true else {
      return
    }
    result[end, default: []].append(places)
  }
}
