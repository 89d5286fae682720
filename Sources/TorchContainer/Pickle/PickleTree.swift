/// Walks over the objects of a tree.
package enum PickleTree {
  /// Visits every object once, shared ones too, those that hold before those that are held.
  package static func forEach(
    _ root: PickleValue,
    _ body: (PickleObject) throws -> Void
  ) rethrows {
    var seen: Set<ObjectIdentifier> = []
    var pending = [root]
    while let value = pending.popLast() {
      guard let object = value.object, seen.insert(ObjectIdentifier(object)).inserted else {
        continue
      }
      try body(object)
      pending += children(of: object).reversed()
    }
  }

  private static func children(of object: PickleObject) -> [PickleValue] {
    switch object.content {
    case .string, .bytes, .global: []
    case .tuple(let elements), .list(let elements), .set(let elements): elements
    case .dictionary(let items): items.flatMap { [$0.key, $0.value] }
    case .persistent(let id): [id]
    case .call(let call):
      [call.callable, call.arguments] + call.elements + call.items.flatMap { [$0.key, $0.value] }
        + (call.state.map { [$0] } ?? [])
    }
  }
}
