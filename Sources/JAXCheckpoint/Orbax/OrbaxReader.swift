internal import ByteIO
internal import Tensors
public import TrainingState

/// Reads checkpoints of Orbax: a tree of arrays of zarr, in an OCDBT database or a folder for each.
///
/// A tensor is a view of its chunks; nothing but structure and counts is read.
public enum OrbaxReader: StateReader {
  /// What names of extras begin with that are files of the checkpoint.
  static let file = "~orbax/"

  /// Whether a path is a directory with a tree of Orbax', or with steps that have one.
  public static func recognizes(_ probe: StateProbe) throws -> Bool {
    guard probe.kind == .directory else { return false }
    return try probe.finding { try OrbaxFolder(probe.path) } != nil
  }

  /// Describes the state in a directory; of several steps the latest.
  public static func read(_ probe: StateProbe, options: ReadOptions) throws -> TrainingState {
    do {
      guard let folder = try probe.finding({ try OrbaxFolder(probe.path) }) else {
        throw StateError(.unsupported, "the directory holds no tree of Orbax'")
      }
      try checkFinished(folder.path)
      var trees: [(item: OrbaxFolder.Item, tree: OrbaxTree)] = []
      for item in folder.items { trees.append((item, try OrbaxTree(item.path))) }
      if let model = try OrbaxKeras(trees) {
        var state = try model.state(options)
        try carry(folder, trees.map(\.tree), into: &state)
        return state
      }
      let filled = trees.filter(\.tree.hasArrays)
      guard let first = filled.first else {
        throw StateError(.unsupported, "the checkpoint holds no array")
      }
      var root = first.tree.root
      if filled.count > 1 {
        // The items of one checkpoint are the branches of one tree.
        let branches = try filled.map { item, _ in
          let key = item.name ?? ""
          let tree = try OrbaxTree(item.path, at: TreePath.root.appending(key))
          return TreeNode(key, tree.root.content, path: tree.root.path)
        }
        root = TreeNode("", .branch(branches), path: .root)
      }
      var state = try TreeAssembly(
        root,
        origin: StateFormat.orbax.origin,
        optimizer: options.optimizer
      ).state
      try carry(folder, trees.map(\.tree), into: &state)
      return state
    } catch let error as StateError {
      throw error.inContext(file: probe.path)
    }
  }

  /// Refuses a folder that Orbax writes to before it gives it its name.
  private static func checkFinished(_ path: String) throws {
    guard FileSystem.name(of: path).contains(".orbax-checkpoint-tmp") else { return }
    throw StateError(
      .unsupported,
      "the save was not finished: the folder has a name for the time being",
      file: path,
      remedy: "take the checkpoint of an earlier step"
    )
  }

  /// Brings along what is no leaf of a tree: arrays that the metadata do not list, texts, items of JSON.
  private static func carry(
    _ folder: OrbaxFolder,
    _ trees: [OrbaxTree],
    into state: inout TrainingState
  ) throws {
    for tree in trees {
      for (name, tensor) in tree.unlisted { state.extras.append(StateTensor(name, tensor)) }
    }
    for name in try FileSystem.files(below: folder.path) {
      let last = FileSystem.name(of: name)
      guard last == "_strings.json" || last == "metadata" else { continue }
      let source = try ReopenedSource(FileSystem.path(folder.path, name))
      let tensor = try Tensor(.uint8, .vector(source.byteCount), source: source)
      state.extras.append(StateTensor(file + name, tensor))
    }
  }
}
