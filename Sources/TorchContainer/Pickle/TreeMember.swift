internal import Tensors

/// A member of a pickle's tree as the parser sees it: a tensor at one of its places, or an object that has to be somebody's.
///
/// This is a walk of its own. What a reader makes of a tree is compared with it, so it asks no reader.
package struct TreeMember {
  /// What a member is.
  package enum Kind {
    /// A view of a storage or an array of NumPy's; its place is listed even where what it says of itself is wrong.
    case tensor
    /// The groups of an optimizer, beside the state that it keeps.
    case groups
    /// What a class of somebody's own made.
    case object
  }

  /// Where it is, as a ``TorchPath`` has it.
  package let name: String

  /// What it is.
  package let kind: Kind

  /// Bytes of a tensor's elements, 0 for the others.
  package let byteCount: Int

  /// Modules whose objects are values like numbers and texts.
  private static let plain: Set<String> = [
    "torch", "torch._utils", "collections", "_codecs", "builtins", "__builtin__", "copy_reg",
    "copyreg",
    "numpy", "numpy.core.multiarray", "numpy._core.multiarray", "torch.storage",
    "torch.serialization",
  ]

  /// The members of a tree, shared ones at each of their places.
  ///
  /// - Parameter root: The tree.
  /// - Returns: The members in the order of the pickle.
  package static func all(in root: PickleValue) -> [TreeMember] {
    var members: [TreeMember] = []
    add(root, nil, to: &members)
    return members
  }

  private static func add(
    _ value: PickleValue,
    _ place: String?,
    to members: inout [TreeMember]
  ) {
    guard let object = value.object else { return }
    if let byteCount = tensor(object) {
      members.append(TreeMember(name: place ?? "", kind: .tensor, byteCount: byteCount))
      return
    }
    let start = place.map { $0 + "/" } ?? ""
    if let items = object.items, FlatOptimizer.isFlat(items) {
      add(FlatOptimizer.unfold(items, TorchNodes()), place, to: &members)
      return
    }
    if let items = object.items {
      if value["state"]?.items != nil, value["param_groups"]?.elements != nil {
        members.append(TreeMember(name: start + "param_groups", kind: .groups, byteCount: 0))
      }
      add(items, start, to: &members)
    }
    switch object.content {
    case .tuple(let elements), .list(let elements), .set(let elements):
      add(elements, start, to: &members)
    case .call(let call):
      if !plain.contains(call.module) {
        members.append(TreeMember(name: place ?? "", kind: .object, byteCount: 0))
      }
      add(call.arguments, start + "~parguments", to: &members)
      add(call.elements, start, to: &members)
      if object.items == nil { add(call.items, start + "~pitems/", to: &members) }
      if let state = call.state { add(state, start + "~pstate", to: &members) }
    default: break
    }
  }

  private static func add(
    _ items: [PickleItem],
    _ start: String,
    to members: inout [TreeMember]
  ) {
    for (place, item) in items.enumerated() where item.value.object != nil {
      add(item.value, start + TorchPath.component(item.key, place), to: &members)
    }
  }

  private static func add(
    _ elements: [PickleValue],
    _ start: String,
    to members: inout [TreeMember]
  ) {
    for (index, element) in elements.enumerated() where element.object != nil {
      add(element, start + "~i\(index)", to: &members)
    }
  }

  /// The bytes of a tensor, `nil` where an object is none.
  private static func tensor(_ object: PickleObject) -> Int? {
    do {
      if let view = try TorchTensor(object) {
        return try view.shape.byteCount(of: view.elementType)
      }
      if let array = try NumPyTensor(object) {
        return try array.shape.byteCount(of: array.elementType)
      }
      return nil
    } catch {
      return 0
    }
  }
}
