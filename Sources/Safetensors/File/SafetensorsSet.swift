internal import ByteIO
internal import Tensors

/// A sharded set of safetensors files, opened and checked; no tensor is read.
public struct SafetensorsSet: Sendable {
  /// The index.
  public let index: ShardIndex

  /// The files by name, in the order of their names.
  public let shards: [(name: String, file: SafetensorsFile)]

  /// Opens a set.
  ///
  /// - Parameter path: Its index.
  /// - Returns: The set.
  /// - Throws: `StateError` with code `malformed` when a file lacks a tensor that the index promises
  ///   or two files have the same tensor, or what opening the files throws.
  public static func open(_ path: String) throws -> SafetensorsSet {
    let index = try ShardIndex.read(path)
    let directory = FileSystem.directory(of: path)
    let names = Set(index.files.map { ExactName($0.file) }).sorted().map(\.text)
    var owners: [ExactName: String] = [:]
    var shards: [(name: String, file: SafetensorsFile)] = []
    for name in names {
      let file = FileSystem.path(directory, name)
      guard FileSystem.kind(of: file) != nil else {
        throw StateError(.malformed, "a file of the sharded set is missing", file: file)
      }
      let shard = try SafetensorsFile.open(file)
      for tensor in shard.tensors {
        guard owners.updateValue(name, forKey: ExactName(tensor.name)) == nil else {
          throw StateError(
            .malformed,
            "two files of the sharded set have the tensor",
            file: file,
            tensor: tensor.name
          )
        }
      }
      shards.append((name, shard))
    }
    for (tensor, file) in index.files where owners[ExactName(tensor)] != file {
      throw StateError(
        .malformed,
        "the tensor is not where the index says",
        file: path,
        tensor: tensor,
        expected: file,
        found: owners[ExactName(tensor)] ?? "nowhere"
      )
    }
    return SafetensorsSet(index: index, shards: shards)
  }
}
