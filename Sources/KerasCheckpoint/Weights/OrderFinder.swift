internal import Tensors

/// Finds the order in which an optimizer numbers a model's variables.
struct OrderFinder {
  /// The numbers of a group's variables, and whether some of the last may not be trained.
  typealias Trained = (_ group: Int, _ isThawed: Bool) -> (places: [Int], isOpen: Bool)

  private let tree: WeightsTree
  private let pattern: ListPattern
  private let owners: [SlotOwner]
  private let trained: Trained

  /// Prepares to search.
  ///
  /// - Parameters:
  ///   - tree: The model's objects.
  ///   - pattern: What the list shows.
  ///   - owners: The model's variables.
  ///   - trained: Which of them are trained, now or if nothing were frozen.
  init(
    _ tree: WeightsTree,
    _ pattern: ListPattern,
    _ owners: [SlotOwner],
    trained: @escaping Trained
  ) {
    self.tree = tree
    self.pattern = pattern
    self.owners = owners
    self.trained = trained
  }

  /// The orders that fit, two at most; `nil` where there are too many mixtures to look at.
  ///
  /// Layers may have been frozen or thawed since the optimizer was built, so where no order of what is trained now fits,
  /// any object may be left out. Where several fit, the places of the groups in the file choose.
  func orders() throws -> [[Int]]? {
    if pattern.shapes.isEmpty { return [[]] }
    for isSkipping in [false, true] {
      let plain = try orders(isSkipping: isSkipping, usesPlaces: false)
      if plain?.count == 1 { return plain }
      if plain?.isEmpty == true { continue }
      guard tree.hasPlaces else { return plain }
      let some = try orders(isSkipping: isSkipping, usesPlaces: true)
      if some?.count == 1 { return some }
      if plain != nil { return plain }
      if some?.isEmpty != true { return some }
    }
    return []
  }

  private func orders(isSkipping: Bool, usesPlaces: Bool) throws -> [[Int]]? {
    let root = try tree.searched(usesPlaces: usesPlaces) { group in
      let (places, isOpen) = trained(group, isSkipping)
      let own = try places.map { place in
        OrderSearch.Member(place: place, run: try pattern.run(of: place, among: owners))
      }
      return (own, isOpen)
    }
    var search = OrderSearch(pattern.shapes, isSkipping: isSkipping)
    return search.orders(of: root)
  }
}
