internal import Tensors

/// The order in which an optimizer keeps its variables.
struct SlotLayout: Sendable, Hashable {
  /// A part of the list.
  enum Section: Sendable, Hashable {
    /// A scalar of the optimizer as a whole.
    case scalar(String)
    /// Words for slots, one round of them per variable.
    case each([String])
    /// A vector of one element per variable that stands for a slot that is not kept.
    case placeholders(String)
  }

  /// What the configuration calls the optional parts, for choosing among layouts.
  struct Traits: Sendable, Hashable {
    var amsgrad = false
    var momentum = false
    var centered = false
    var average = false
    var accumulation = false
  }

  /// The parts behind the step counter.
  let sections: [Section]
  let traits: Traits

  /// The parts with their slots spelled out: what stands at each place, for given variables.
  enum Item: Sendable, Hashable {
    case scalar(String)
    case slot(String, owner: Int, shape: Shape)
    case placeholder(String, owner: Int, shape: Shape)

    var shape: Shape {
      switch self {
      case .scalar: .scalar
      case .slot(_, _, let shape), .placeholder(_, _, let shape): shape
      }
    }
  }

  /// What stands at each place behind the step counter.
  func items(for places: [Int], of owners: [SlotOwner], _ family: KerasFamily) throws -> [Item] {
    var items: [Item] = []
    for section in sections {
      switch section {
      case .scalar(let name): items.append(.scalar(name))
      case .placeholders(let word):
        items += places.map { .placeholder(word, owner: $0, shape: .vector(1)) }
      case .each(let words):
        for place in places {
          for word in words {
            guard let item = try Self.item(word, place, owners[place], family) else { continue }
            items.append(item)
          }
        }
      }
    }
    return items
  }

  /// Muon's word for the velocity that only some variables have.
  static let adamVelocity = "velocity of Adam"

  /// A slot of one variable, `nil` where the variable has none of the sort.
  private static func item(
    _ word: String,
    _ place: Int,
    _ owner: SlotOwner,
    _ family: KerasFamily
  ) throws -> Item? {
    if word == adamVelocity {
      // Muon leaves what is no matrix, and embeddings, to Adam.
      let isMatrix = owner.shape.rank == 2 && !owner.name.lowercased().contains("embedding")
      return isMatrix ? nil : .slot("velocity", owner: place, shape: owner.shape)
    }
    guard word == "r" || word == "c" else { return .slot(word, owner: place, shape: owner.shape) }
    let dimensions = owner.shape.dimensions
    guard dimensions.count >= 2 else {
      return family == .keras3 ? .placeholder(word, owner: place, shape: .scalar) : nil
    }
    let kept =
      word == "r"
      ? Array(dimensions.dropLast()) : Array(dimensions.dropLast(2)) + dimensions.suffix(1)
    return .slot(word, owner: place, shape: try Shape(kept))
  }
}
