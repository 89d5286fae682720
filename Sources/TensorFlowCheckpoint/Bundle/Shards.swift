internal import ByteIO
internal import Synchronization
internal import Tensors

/// The data files of a checkpoint, opened when they are first needed.
final class Shards: Sendable {
  private let paths: BundlePaths
  private let count: Int
  private let opened = Mutex<[Int: (file: PositionalFile, size: Int)]>([:])

  init(_ paths: BundlePaths, count: Int) {
    self.paths = paths
    self.count = count
  }

  /// A data file and its size.
  ///
  /// - Throws: `StateError` with code `malformed` when the file is missing: the index promised it.
  func file(_ shard: Int) throws -> (file: PositionalFile, size: Int) {
    try opened.withLock { opened in
      if let known = opened[shard] { return known }
      let path = paths.data(shard, of: count)
      guard FileSystem.kind(of: path) != nil else {
        throw StateError(
          .malformed,
          "the data file is missing",
          file: path,
          remedy: "put it beside the index, which promises \(count)"
        )
      }
      let file = try PositionalFile.open(path)
      let entry = (file, try file.size())
      opened[shard] = entry
      return entry
    }
  }
}
