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
      pending += object.children.reversed()
    }
  }
}
