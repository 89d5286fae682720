internal import Tensors

/// Keys from a tree's root to a place in it, as one text that tells every place from every other.
///
/// Keys are separated by slashes; in a key a slash is `~1` and a tilde `~0`, as in JSON's pointers (RFC 6901).
struct TreePath: Hashable {
  /// The text.
  let text: String

  /// The root.
  static let root = TreePath(text: "", isRoot: true)

  private let isRoot: Bool

  private init(text: String, isRoot: Bool) {
    self.text = text
    self.isRoot = isRoot
  }

  /// The place below a key.
  func appending(_ key: String) -> TreePath {
    var escaped = key
    if key.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) {
      escaped = ""
      for scalar in key.unicodeScalars {
        switch scalar {
        case "~": escaped += "~0"
        case "/": escaped += "~1"
        default: escaped.unicodeScalars.append(scalar)
        }
      }
    }
    return TreePath(text: isRoot ? escaped : text + "/" + escaped, isRoot: false)
  }

  static func == (first: TreePath, second: TreePath) -> Bool {
    first.isRoot == second.isRoot && ExactName(first.text) == ExactName(second.text)
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(ExactName(text))
  }
}

extension TreePath {
  /// The place that keys lead to from the root.
  init(_ keys: some Sequence<String>) {
    self = keys.reduce(.root) { $0.appending($1) }
  }
}
