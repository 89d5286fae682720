internal import ByteIO
internal import Tensors

/// A tree that Orbax saved: its leaves, with their arrays out of the store beside them.
struct OrbaxTree {
  private(set) var root: TreeNode

  /// Whether any leaf is an array.
  let hasArrays: Bool

  /// Arrays of the store that are no leaf's, by name.
  private(set) var unlisted: [(name: String, tensor: Tensor)] = []

  /// Branches while leaves are being added.
  private final class Branch {
    var members: [(key: String, member: Member)] = []
    var places: [ExactName: Int] = [:]

    enum Member {
      case branch(Branch)
      case leaf(TreeNode.Content)
    }
  }

  /// Reads a folder.
  ///
  /// - Parameters:
  ///   - folder: The folder with the tree's metadata.
  ///   - path: The place of the tree's root.
  /// - Throws: `StateError` when the folder breaks the format's rules.
  init(_ folder: String, at path: TreePath = .root) throws {
    let file = FileSystem.path(folder, OrbaxFolder.metadata)
    let json: JSONTree
    let leaves: [OrbaxLeaf]
    do {
      let bytes = try PositionalFile.contents(of: file, within: .headerBytes, "the tree's metadata")
      json = try JSONTree.parse(bytes, OrbaxFolder.metadata)
      leaves = try OrbaxLeaf.all(json)
    } catch let error as StateError {
      throw error.inContext(file: file)
    }
    hasArrays = leaves.contains { $0.kind == .array }
    let values = hasArrays ? try Self.values(in: folder) : [:]
    // Orbax' own word for it that no chunk was left out because it held nothing but the fill value.
    let isWhole = json["store_array_data_equal_to_fill_value"] == .bool(true)
    let spool = InflationSpool()
    let branch = Branch()
    var taken: Set<ExactName> = []
    func array(_ name: String) throws -> Tensor? {
      do {
        return try ZarrArray(name, in: values)?.tensor(in: values, isWhole: isWhole, spool)
      } catch let error as StateError {
        throw error.inContext(tensor: name)
      }
    }
    for leaf in leaves {
      switch leaf.kind {
      case .empty: try Self.add(.branch(Branch()), leaf.keys[...], leaf, to: branch)
      case .other: try Self.add(.leaf(.other), leaf.keys[...], leaf, to: branch)
      case .array:
        guard let tensor = try array(leaf.arrayName) else {
          throw StateError(
            .malformed,
            "the array of a leaf is missing",
            file: folder,
            tensor: leaf.arrayName,
            remedy: "copy the checkpoint again"
          )
        }
        taken.insert(ExactName(leaf.arrayName))
        try Self.add(.leaf(.array(tensor)), leaf.keys[...], leaf, to: branch)
      }
    }
    root = Self.node("", .branch(branch), path)
    for key in values.keys.sorted() {
      let parts = key.text.utf8.split(
        separator: UInt8(ascii: "/"),
        omittingEmptySubsequences: false
      )
      guard let last = parts.last,
        ZarrArray.metadataNames.contains(where: { last.elementsEqual($0.utf8) })
      else { continue }
      let name = String(key.text.utf8.dropLast(last.count + 1)) ?? ""
      if taken.insert(ExactName(name)).inserted, let tensor = try array(name) {
        unlisted.append((name, tensor))
      }
    }
  }

  /// The keys and values in a folder: those of a database, or the files themselves.
  private static func values(in folder: String) throws -> [ExactName: StoredBytes] {
    if FileSystem.kind(of: FileSystem.path(folder, OCDBTManifest.name)) == .file {
      return try OCDBTDatabase(folder).values
    }
    let names = try FileSystem.files(below: folder)
    if names.contains(where: { $0.hasSuffix("/" + OCDBTManifest.name) }) {
      throw StateError(
        .unsupported,
        "the save was not finished: what the processes wrote was not brought together",
        file: folder,
        expected: OCDBTManifest.name,
        remedy: "take the checkpoint of an earlier step"
      )
    }
    var values: [ExactName: StoredBytes] = [:]
    for name in names where name.utf8.contains(UInt8(ascii: "/")) {
      let file = try PositionalFile.reopening(FileSystem.path(folder, name))
      values[ExactName(name)] = .file(file, count: try file.size())
    }
    return values
  }

  private static func add(
    _ member: Branch.Member,
    _ keys: ArraySlice<String>,
    _ leaf: OrbaxLeaf,
    to branch: Branch
  ) throws {
    // The tree itself, with nothing in it.
    guard let key = keys.first else {
      if case .leaf(.array) = member {
        // A tree that is one array has no keys.
        branch.members.append(("", member))
      }
      return
    }
    let place = branch.places[ExactName(key)]
    if keys.count == 1 {
      guard place == nil else { throw clash(leaf) }
      branch.places[ExactName(key)] = branch.members.count
      branch.members.append((key, member))
      return
    }
    if let place {
      guard case .branch(let inner) = branch.members[place].member else { throw clash(leaf) }
      return try add(member, keys.dropFirst(), leaf, to: inner)
    }
    let inner = Branch()
    branch.places[ExactName(key)] = branch.members.count
    branch.members.append((key, .branch(inner)))
    try add(member, keys.dropFirst(), leaf, to: inner)
  }

  private static func clash(_ leaf: OrbaxLeaf) -> StateError {
    StateError(
      .malformed,
      "a leaf of the tree is a branch too",
      tensor: TreePath(leaf.keys).text
    )
  }

  private static func node(_ key: String, _ member: Branch.Member, _ path: TreePath) -> TreeNode {
    switch member {
    case .leaf(let content): return TreeNode(key, content, path: path)
    case .branch(let branch):
      let children = branch.members.map { node($0.key, $0.member, path.appending($0.key)) }
      return TreeNode(key, .branch(children), path: path)
    }
  }
}
