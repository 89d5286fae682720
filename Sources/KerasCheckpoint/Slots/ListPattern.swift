internal import OptimizerCatalog
internal import Tensors
internal import TrainingState

/// A part of an optimizer's list that shows the shapes of the variables in the optimizer's order.
struct ListPattern: Hashable {
  /// Shapes of the part's tensors.
  let shapes: [Shape]

  /// The part, `nil` where it shows one tensor of each variable, of the variable's shape.
  let section: ListSection?

  /// The shapes that the part has of a variable.
  ///
  /// - Parameters:
  ///   - place: The variable's number.
  ///   - owners: All variables.
  /// - Returns: The shapes, in order.
  /// - Throws: `StateError` where a shape is too large.
  func run(of place: Int, among owners: [SlotOwner]) throws -> [Shape] {
    guard let section else { return [owners[place].shape] }
    return try SlotLayout.items(of: [section], for: [place], of: owners).map(\.shape)
  }

  /// The patterns of a list by one order, none where the list is none that the order leaves open.
  ///
  /// - Parameters:
  ///   - tensors: The tensors behind the step counter, in order.
  ///   - sections: The order.
  /// - Returns: One pattern, or, where neither the list nor the order says how many variables there are, one for each
  ///   number.
  static func all(of tensors: [StateTensor], by sections: [ListSection]) -> [ListPattern] {
    let scalars = sections.count { if case .scalar = $0.content { true } else { false } }
    let slots = tensors.count - scalars
    guard slots >= 0 else { return [] }
    let uneven = sections.filter { $0.width == nil }
    let width = sections.reduce(0) { $0 + ($1.width ?? 0) }
    guard uneven.count <= 1 else { return [] }
    let counts: [Int]
    if uneven.isEmpty {
      guard width == 0 ? slots == 0 : slots % width == 0 else { return [] }
      counts = [width == 0 ? 0 : slots / width]
    } else {
      // A variable has between none and all of the part's slots.
      let most = uneven[0].words.count
      counts = width == 0 ? [0] : Array(slots / (width + most)...slots / width)
    }
    return counts.compactMap { pattern(tensors, sections, count: $0, slots: slots, width: width) }
  }

  private static func pattern(
    _ tensors: [StateTensor],
    _ sections: [ListSection],
    count: Int,
    slots: Int,
    width: Int
  ) -> ListPattern? {
    var rest = tensors.map(\.tensor.shape)[...]
    var owners: [Shape]?
    var shown: ListPattern?
    for section in sections {
      let length =
        switch section.content {
        case .scalar: 1
        case .each, .placeholders: section.width.map { $0 * count } ?? slots - width * count
        }
      guard length <= rest.count else { return nil }
      let part = Array(rest.prefix(length))
      rest = rest.dropFirst(length)
      switch section.content {
      case .scalar: guard part == [.scalar] else { return nil }
      case .placeholders: guard part.allSatisfy({ $0 == .vector(1) }) else { return nil }
      case .each where section.isElementwise:
        let width = section.words.count
        let shapes = stride(from: 0, to: part.count, by: width).map { part[$0] }
        let isWhole = part.indices.allSatisfy { part[$0] == shapes[$0 / width] }
        guard isWhole, owners ?? shapes == shapes else { return nil }
        owners = shapes
      case .each: shown = ListPattern(shapes: part, section: section)
      }
    }
    guard rest.isEmpty else { return nil }
    return shown ?? ListPattern(shapes: owners ?? [], section: nil)
  }
}

extension ListSection {
  /// Tensors of every variable, `nil` where that depends on the variable.
  fileprivate var width: Int? {
    switch content {
    case .scalar: 0
    case .placeholders: 1
    case .each(let words):
      isElementwise || hasScalarPlaceholders && words.allSatisfy { $0.owners == .all }
        ? words.count : nil
    }
  }

  /// Whether every variable has each of the slots, in its own shape.
  fileprivate var isElementwise: Bool {
    words.allSatisfy { word in
      word.owners == .all && SlotDescription.of(word.slot)?.form ?? .elementwise == .elementwise
    }
  }
}
