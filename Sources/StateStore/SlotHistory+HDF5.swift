internal import HDF5
internal import Tensors
internal import TrainingState

extension SlotHistory {
  private typealias Name = StoreNames.Attribute

  /// The attributes of a slot's dataset that hold the past, none where it is plain.
  var attributes: [(name: String, numbers: [Int64])] {
    if isPlain { return [] }
    let since = stretches.flatMap { [Int64($0.firstRow), $0.start] }
    let folded = stretches.filter(\.isFolded).map { Int64($0.firstRow) }
    return [(Name.since, since)] + (folded.isEmpty ? [] : [(Name.folded, folded)])
  }

  /// The past that the attributes of a slot's dataset hold.
  ///
  /// - Parameters:
  ///   - attributes: The attributes.
  ///   - count: How many rows the slot has.
  /// - Throws: `StateError` with code `malformed` when they contradict themselves or the slot.
  init(_ attributes: [String: HDF5Value], rows count: Int) throws {
    guard let since = attributes[Name.since] else {
      guard attributes[Name.folded] == nil else {
        throw StateError(.malformed, "'\(Name.folded)' is there without '\(Name.since)'")
      }
      self.init()
      return
    }
    let folded = attributes[Name.folded]
    guard let pairs = since.integers, pairs.count.isMultiple(of: 2),
      let rows = folded == nil ? [] : folded?.integers
    else {
      throw StateError(.malformed, "'\(Name.since)' is no list of pairs of integers")
    }
    let known = Set(rows)
    let stretches = stride(from: 0, to: pairs.count, by: 2).map { place in
      Stretch(
        firstRow: Int(pairs[place]),
        start: pairs[place + 1],
        isFolded: known.contains(pairs[place])
      )
    }
    guard known.isSubset(of: stretches.map { Int64($0.firstRow) }),
      let history = SlotHistory(stretches)
    else {
      throw StateError(.malformed, "the rows of '\(Name.since)' are out of order")
    }
    // The first stretch is there even where the slot has no row at all.
    if let last = stretches.last?.firstRow, last >= max(count, 1) {
      throw StateError(
        .malformed,
        "'\(Name.since)' has a row behind the slot's last",
        expected: "0 to \(max(count, 1) - 1)",
        found: "\(last)"
      )
    }
    self = history
  }
}

extension HDF5Value {
  fileprivate var integers: [Int64]? {
    if case .integers(let numbers) = self { numbers } else { nil }
  }
}
