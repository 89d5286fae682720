internal import Tensors

/// A tree of named arrays and numbers, as JAX' programs keep parameters and states.
///
/// Tuples, lists, dictionaries and dataclasses are all branches: in files they differ by their keys alone.
struct TreeNode {
  /// What is at a key.
  indirect enum Content {
    case branch([TreeNode])
    case array(Tensor)
    case integer(Int64)
    /// Bytes of a type that the hub has none for.
    case opaque(Tensor)
    /// A text, a truth value, nothing: the tree's own business.
    case other
  }

  /// The key in the branch above.
  let key: String
  var content: Content
  /// The keys from the root on, as one text.
  let path: TreePath

  init(_ key: String, _ content: Content, path: TreePath) {
    self.key = key
    self.content = content
    self.path = path
  }

  /// What a branch holds.
  var children: [TreeNode] {
    if case .branch(let children) = content { children } else { [] }
  }

  /// Whether it holds others.
  var isBranch: Bool { if case .branch = content { true } else { false } }

  subscript(_ key: String) -> TreeNode? {
    children.first { ExactName($0.key) == ExactName(key) }
  }

  /// The tree without the boxes of `nnx`: a branch with nothing but a leaf `value` is that leaf.
  func withoutBoxes() -> TreeNode {
    guard case .branch(let children) = content else { return self }
    if children.count == 1, children[0].key == "value", !children[0].isBranch {
      return TreeNode(key, children[0].content, path: children[0].path)
    }
    return TreeNode(key, .branch(children.map { $0.withoutBoxes() }), path: path)
  }

  /// Visits what is no branch, with the keys from here on.
  func forEachLeaf(_ body: (_ keys: [String], _ leaf: TreeNode) throws -> Void) rethrows {
    var keys: [String] = []
    try visit(&keys, body)
  }

  private func visit(
    _ keys: inout [String],
    _ body: ([String], TreeNode) throws -> Void
  ) rethrows {
    guard case .branch(let children) = content else { return try body(keys, self) }
    for child in children {
      keys.append(child.key)
      try child.visit(&keys, body)
      keys.removeLast()
    }
  }
}
