internal import ByteIO
internal import Tensors

/// The list of a set of shards: which file each group's variables are in.
enum ShardList {
  /// Names of the shards, each once, in the order of their numbers.
  ///
  /// - Throws: `StateError` with code `malformed` when the list is none, or a name leads elsewhere.
  static func names(_ bytes: [UInt8]) throws -> [String] {
    let tree = try JSONTree.parse(bytes, "the list of shards")
    guard let map = tree["weight_map"]?.members else {
      throw StateError(.malformed, "the list of shards has no 'weight_map'")
    }
    var names: Set<ExactName> = []
    for (group, value) in map {
      for entry in value.elements ?? [value] {
        guard let name = entry.text, !name.isEmpty, !name.utf8.contains(UInt8(ascii: "/")),
          !name.utf8.contains(0), name != ".", name != ".."
        else {
          throw StateError(.malformed, "the list names a shard in another place", tensor: group)
        }
        names.insert(ExactName(name))
      }
    }
    guard names.count <= Limits[.files] else {
      throw StateError.exceeded(.files, "the list names too many shards", found: names.count)
    }
    return names.sorted().map(\.text)
  }
}
