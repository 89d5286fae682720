internal import OptimizerCatalog
internal import Tensors

/// The order in which an optimizer keeps its variables, spelled out for given ones.
enum SlotLayout {
  /// What stands at a place behind the step counter.
  enum Item: Sendable, Hashable {
    case scalar(String)
    case slot(SlotName, owner: Int, shape: Shape)
    case placeholder(SlotName, owner: Int, shape: Shape)

    var shape: Shape {
      switch self {
      case .scalar: .scalar
      case .slot(_, _, let shape), .placeholder(_, _, let shape): shape
      }
    }
  }

  /// The orders that a rule's variables may be in.
  ///
  /// - Parameters:
  ///   - kind: The rule.
  ///   - family: Whose implementation of it.
  /// - Returns: The arrangements, the plainest first.
  static func known(_ kind: String, _ family: KerasFamily) -> [DialectRow.Arrangement] {
    guard let known = OptimizerCatalog.description(of: kind) else { return [] }
    return family.dialects.flatMap { dialect in
      known.rows(in: dialect).flatMap {
        $0.arrangements(behind: OptimizerCatalog.base(of: dialect))
      }
    }
  }

  /// What stands at each place behind the step counter.
  static func items(
    of sections: [ListSection],
    for places: [Int],
    of owners: [SlotOwner]
  ) throws -> [Item] {
    var items: [Item] = []
    for section in sections {
      switch section.content {
      case .scalar(let name): items.append(.scalar(name))
      case .placeholders(let word):
        items += places.map { .placeholder(word.slot, owner: $0, shape: .vector(1)) }
      case .each(let words):
        for place in places {
          for word in words {
            let item = try item(word, section.hasScalarPlaceholders, place, owners[place])
            if let item { items.append(item) }
          }
        }
      }
    }
    return items
  }

  /// A slot of one variable, `nil` where the variable has none of the sort.
  private static func item(
    _ word: DialectRow.Word,
    _ hasScalarPlaceholders: Bool,
    _ place: Int,
    _ owner: SlotOwner
  ) throws -> Item? {
    if word.owners == .leftToAdam {
      let isMatrix = owner.shape.rank == 2 && !owner.name.lowercased().contains("embedding")
      if isMatrix { return nil }
    }
    let form = SlotDescription.of(word.slot)?.form ?? .elementwise
    if let shape = try form.shape(for: owner.shape) {
      return .slot(word.slot, owner: place, shape: shape)
    }
    return hasScalarPlaceholders ? .placeholder(word.slot, owner: place, shape: .scalar) : nil
  }
}
