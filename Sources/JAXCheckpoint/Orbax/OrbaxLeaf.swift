internal import ByteIO
internal import Tensors

/// A leaf in the metadata of a tree.
struct OrbaxLeaf {
  /// What a leaf is.
  enum Kind {
    case array
    /// A dictionary, list or tuple with nothing in it.
    case empty
    /// `None`, which stands for a state of optax that keeps nothing, too, or a text.
    case other
  }

  /// The keys from the root on.
  let keys: [String]
  let kind: Kind

  /// The name under which the store keeps the array: nothing in the keys is escaped.
  var arrayName: String { keys.joined(separator: ".") }

  /// Reads the leaves of a tree in the order in which they are written.
  ///
  /// - Parameter json: The content of `_METADATA`.
  /// - Returns: The leaves.
  /// - Throws: `StateError` with code `malformed`, or `unsupported` where two leaves have one array.
  static func all(_ json: JSONTree) throws -> [OrbaxLeaf] {
    guard let entries = json["tree_metadata"]?.members else {
      throw StateError(.malformed, "the metadata has no tree", expected: "tree_metadata")
    }
    var leaves: [OrbaxLeaf] = []
    var owners: [ExactName: OrbaxLeaf] = [:]
    for (text, entry) in entries {
      guard let path = entry["key_metadata"]?.elements, path.count <= Limits[.nesting] else {
        throw StateError(.malformed, "a leaf has no keys", tensor: text)
      }
      let keys = try path.map { key -> String in
        if case .number(let number)? = key["key"] { return number }
        guard let word = key["key"]?.text, !word.utf8.contains(0),
          word.utf8.count <= Limits[.nameBytes]
        else { throw StateError(.malformed, "a leaf has a key that is no text", tensor: text) }
        return word
      }
      let value = entry["value_metadata"]
      let leaf = OrbaxLeaf(keys: keys, kind: kind(value))
      if leaf.kind == .array,
        let other = owners.updateValue(leaf, forKey: ExactName(leaf.arrayName))
      {
        throw StateError(
          .unsupported,
          "two leaves of the tree share the array \(leaf.arrayName), which holds one of the two",
          tensor: TreePath(leaf.keys).text,
          found: "\(TreePath(other.keys).text) too",
          remedy: "save the tree with other keys: Orbax joins them by dots"
        )
      }
      leaves.append(leaf)
    }
    return leaves
  }

  private static func kind(_ value: JSONTree?) -> Kind {
    switch value?["value_type"]?.text {
    case "None", "string": .other
    case "Dict", "List", "Tuple", "NamedTuple": .empty
    default: value?["skip_deserialize"] == .bool(true) ? .other : .array
    }
  }
}
