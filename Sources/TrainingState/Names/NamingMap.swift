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
    /// For each axis on the `to` side the one that it is on the `from` side, `nil` where they are the same.
    let axes: [Int]?
  }

  /// The convention of the left side.
  public let from: String

  /// The convention of the right side.
  public let to: String

  let entries: [Entry]

  /// The order of the entries, and of what repeats within them.
  let order: PatternOrder

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
      /// For each axis of the target the one of the source that it is, `nil` where they are the same.
      let axes: [Int]?
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
          let order = (entry.to.first ?? pattern).variables.compactMap { numbers[$0] }
          return Target(
            name: written,
            axes: isReversed ? entry.axes.map(Self.inverse) : entry.axes,
            tied: isReversed ? [] : entry.tied.compactMap { $0.name(numbers) },
            order: map.order.key(index, order)
          )
        }
      }
      return nil
    }

    private static func inverse(_ axes: [Int]) -> [Int] {
      axes.indices.map { axis in axes.firstIndex(of: axis) ?? axis }
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
}
