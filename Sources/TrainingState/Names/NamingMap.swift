internal import Tensors

/// How the names of one convention become those of another: data, read from JSON.
///
/// The form is described in <doc:NamingMaps>. A map works both ways; the order of its entries is the
/// order of the variables in the model of its `to` side.
public struct NamingMap: Sendable {
  /// A variable, or one per number that its pattern has.
  struct Entry: Sendable {
    /// Spellings on each side; the first is written, all are read.
    let from: [NamePattern]
    let to: [NamePattern]
    /// Other names under which the `to` side keeps the same tensor.
    let tied: [NamePattern]
    /// Whether rows and columns of a matrix are exchanged.
    let transpose: Bool
  }

  /// The convention of the left side.
  public let from: String

  /// The convention of the right side.
  public let to: String

  let entries: [Entry]

  /// Names of either side that have no counterpart and need none, such as buffers of constants.
  let leftOut: (from: [NamePattern], to: [NamePattern])

  /// The same map read from right to left.
  public var reversed: Direction { Direction(self, isReversed: true) }

  /// The map read from left to right.
  public var forward: Direction { Direction(self, isReversed: false) }

  /// The map in the direction in which it recognizes names, `nil` when it recognizes none.
  ///
  /// - Parameter names: The names of a state's variables.
  /// - Returns: The direction that covers more of them.
  public func direction(for names: [String]) -> Direction? {
    let counts = [forward, reversed].map { way in names.count { way.target(of: $0) != nil } }
    if counts[0] == 0, counts[1] == 0 { return nil }
    return counts[0] >= counts[1] ? forward : reversed
  }
}

extension NamingMap {
  /// A map with the side that names are read from.
  public struct Direction: Sendable {
    private let map: NamingMap
    private let isReversed: Bool

    init(_ map: NamingMap, isReversed: Bool) {
      self.map = map
      self.isReversed = isReversed
    }

    /// The convention that the names have before.
    public var source: String { isReversed ? map.to : map.from }

    /// The convention that the names have afterwards.
    public var target: String { isReversed ? map.from : map.to }

    /// What becomes of a name.
    struct Target {
      let name: String
      let transpose: Bool
      /// Further names of the same tensor on the target's side.
      let tied: [String]
      /// Place in the order of the map: the block of entries, the numbers, the entry.
      let order: [Int]
    }

    /// What becomes of a name, `nil` where the map has no entry for it.
    func target(of name: String) -> Target? {
      for (index, entry) in map.entries.enumerated() {
        for pattern in isReversed ? entry.to : entry.from {
          guard let numbers = pattern.numbers(in: name),
            let written = (isReversed ? entry.from : entry.to).first?.name(numbers)
          else { continue }
          let order = pattern.variables.compactMap { numbers[$0] }
          return Target(
            name: written,
            transpose: entry.transpose,
            tied: isReversed ? [] : entry.tied.compactMap { $0.name(numbers) },
            order: [map.block(of: index)] + order + [index]
          )
        }
      }
      return nil
    }

    /// The name, on the target's side, of the tensor that a name is a second name of.
    func tiedTarget(of name: String) -> String? {
      guard isReversed else { return nil }
      for entry in map.entries {
        for pattern in entry.tied {
          if let numbers = pattern.numbers(in: name) { return entry.from.first?.name(numbers) }
        }
      }
      return nil
    }

    /// Whether a name needs no counterpart.
    func leavesOut(_ name: String) -> Bool {
      (isReversed ? map.leftOut.to : map.leftOut.from).contains { $0.numbers(in: name) != nil }
    }
  }

  /// The first of the entries that repeat together with this one: consecutive ones with numbers.
  private func block(of index: Int) -> Int {
    var first = index
    guard let variables = entries[index].to.first?.variables, !variables.isEmpty else {
      return index
    }
    while first > 0, entries[first - 1].to.first?.variables == variables { first -= 1 }
    return first
  }
}
