internal import Tensors

/// Makes a tree of objects that hold themselves.
///
/// Python saves a list that is in itself, or a record whose field leads back to it. The first way to an object from the
/// root stays; a way from inside it becomes `PickleObject.Content.back`, which `PickleWriter` writes as Python does.
enum PickleCycles {
  /// An object on the way from the root, and how much of it has been seen.
  private struct Step {
    let object: PickleObject
    var pending: [PickleObject]
    var height = 1
    var size = 1
  }

  /// Cuts all cycles.
  ///
  /// - Parameters:
  ///   - root: What the pickle is.
  ///   - all: Every object that the pickle made; those that the root does not lead to are emptied.
  /// - Throws: `StateError` with code `limitExceeded` when the tree is too deep or, with shared parts unfolded, too large.
  /// - Complexity: O(number of values).
  static func cut(_ root: PickleValue, all: [PickleObject]) throws {
    var measures: [ObjectIdentifier: (height: Int, size: Int)] = [:]
    var path: [Step] = []
    var above: Set<ObjectIdentifier> = []
    func enter(_ object: PickleObject) {
      above.insert(ObjectIdentifier(object))
      object.replaceChildren { value in
        guard let child = value.object, above.contains(ObjectIdentifier(child)) else {
          return value
        }
        return .object(PickleObject(.back(.init(target: child)), at: child.offset))
      }
      let children = object.children
      var step = Step(object: object, pending: children.compactMap(\.object).reversed())
      step.size += children.count
      path.append(step)
    }
    func add(_ measure: (height: Int, size: Int)) throws {
      guard let last = path.indices.last else { return }
      path[last].height = max(path[last].height, measure.height + 1)
      path[last].size += measure.size
      guard path[last].height <= Limits[.nesting] else {
        throw StateError.exceeded(
          .nesting,
          "the pickle nests too deeply",
          offset: path[last].object.offset
        )
      }
      guard path[last].size <= Limits[.pickleObjects] else {
        throw StateError.exceeded(
          .pickleObjects,
          "the pickle's shared parts unfold to too many objects",
          offset: path[last].object.offset
        )
      }
    }
    if let object = root.object { enter(object) }
    while let last = path.indices.last {
      if let child = path[last].pending.popLast() {
        if let known = measures[ObjectIdentifier(child)] { try add(known) } else { enter(child) }
        guard path.count <= Limits[.nesting] else {
          throw StateError.exceeded(
            .nesting,
            "the pickle nests too deeply",
            offset: child.offset
          )
        }
        continue
      }
      let done = path.removeLast()
      above.remove(ObjectIdentifier(done.object))
      measures[ObjectIdentifier(done.object)] = (done.height, done.size)
      try add((done.height, done.size))
    }
    for object in all where measures[ObjectIdentifier(object)] == nil {
      object.content = .tuple([])
    }
  }
}
