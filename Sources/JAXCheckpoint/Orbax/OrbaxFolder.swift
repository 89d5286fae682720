internal import ByteIO
internal import Tensors

/// Where in a directory the trees of an Orbax checkpoint lie.
///
/// A tree is a folder with `_METADATA` in it, whatever it is called: the directory itself, the items of a checkpoint
/// (`default`, `state`, `pytree`), or those of the latest of a manager's steps.
struct OrbaxFolder {
  /// The file that makes a folder a tree.
  static let metadata = "_METADATA"

  /// A folder with a tree.
  struct Item {
    /// The item's name, `nil` where the checkpoint is one tree.
    let name: String?
    let path: String
  }

  /// The checkpoint: the directory, or the latest of the steps in it.
  let path: String

  /// The checkpoint's trees by name.
  let items: [Item]

  /// Looks for trees; `nil` where there is none.
  ///
  /// - Parameter directory: The directory.
  /// - Throws: `StateError` when the directory cannot be listed.
  init?(_ directory: String) throws {
    if let items = try Self.items(in: directory) {
      path = directory
      self.items = items
      return
    }
    let steps = try FileSystem.names(in: directory).compactMap { name in
      Self.step(name).map { (name: name, number: $0) }
    }
    for step in steps.sorted(by: { $0.number > $1.number }) {
      let folder = FileSystem.path(directory, step.name)
      guard FileSystem.kind(of: folder) == .directory, let items = try Self.items(in: folder) else {
        continue
      }
      path = folder
      self.items = items
      return
    }
    return nil
  }

  private static func isTree(_ folder: String) -> Bool {
    FileSystem.kind(of: FileSystem.path(folder, metadata)) == .file
  }

  private static func items(in directory: String) throws -> [Item]? {
    if isTree(directory) { return [Item(name: nil, path: directory)] }
    let items = try FileSystem.names(in: directory).compactMap { name -> Item? in
      let folder = FileSystem.path(directory, name)
      // Folders of steps are looked at one by one, the latest first.
      return step(name) == nil && isTree(folder) ? Item(name: name, path: folder) : nil
    }
    return items.isEmpty ? nil : items
  }

  /// The number of a manager's step: digits, behind a prefix and an underscore where the manager was given one.
  private static func step(_ name: String) -> Int? {
    let start = name.utf8.lastIndex(of: UInt8(ascii: "_")).map { name.utf8.index(after: $0) }
    let digits = name.utf8[(start ?? name.startIndex)...]
    guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(String(Substring(digits)))
  }
}
