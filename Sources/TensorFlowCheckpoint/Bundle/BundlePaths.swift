internal import ByteIO
internal import Tensors

/// The files of a V2 checkpoint: `PREFIX.index` and `PREFIX.data-SSSSS-of-NNNNN`.
struct BundlePaths {
  let prefix: String

  var index: String { prefix + ".index" }

  func data(_ shard: Int, of count: Int) -> String {
    "\(prefix).data-\(Self.digits(shard))-of-\(Self.digits(count))"
  }

  /// The prefix that a path stands for: itself, the one whose index, data or graph it is, the latest one
  /// of a directory with a `checkpoint` file, or the variables of a SavedModel.
  ///
  /// `nil` when the path is none of these.
  init?(_ path: String) throws {
    guard let prefix = try Self.prefix(path) else { return nil }
    self.init(prefix: prefix)
  }

  private static func prefix(_ path: String) throws -> String? {
    if FileSystem.kind(of: path) == .directory { return try latest(in: path) ?? saved(in: path) }
    if path.hasSuffix(".index"), FileSystem.kind(of: path) == .file {
      return String(path.dropLast(".index".count))
    }
    if FileSystem.kind(of: path + ".index") != nil { return path }
    guard FileSystem.kind(of: path) == .file else { return nil }
    if FileSystem.name(of: path) == CheckpointStateFile.name {
      return try latest(in: FileSystem.directory(of: path))
    }
    if path.hasSuffix(".meta") {
      let prefix = String(path.dropLast(".meta".count))
      return FileSystem.kind(of: prefix + ".index") == nil ? nil : prefix
    }
    // A data file: what stands before `.data-00000-of-00001`.
    let parts = path.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.last?.hasPrefix("data-") == true else { return nil }
    let prefix = parts.dropLast().joined(separator: ".")
    return FileSystem.kind(of: prefix + ".index") == nil ? nil : prefix
  }

  /// The variables of a SavedModel, or of the folder of its variables.
  private static func saved(in directory: String) -> String? {
    let places = [["variables", "variables"], ["variables"]].map { parts in
      parts.reduce(directory) { FileSystem.path($0, $1) }
    }
    return places.first { FileSystem.kind(of: $0 + ".index") == .file }
  }

  private static func latest(in directory: String) throws -> String? {
    let state = FileSystem.path(directory, CheckpointStateFile.name)
    guard FileSystem.kind(of: state) == .file else { return nil }
    guard let latest = try CheckpointStateFile.read(state).latest else {
      throw StateError(.malformed, "the state file names no checkpoint", file: state)
    }
    // A state file that was copied elsewhere may still name the old place: look beside it, too.
    let candidates = [latest, FileSystem.name(of: latest)].map { FileSystem.path(directory, $0) }
    let found = candidates.first { FileSystem.kind(of: $0 + ".index") != nil }
    return found ?? candidates[0]
  }

  init(prefix: String) {
    self.prefix = prefix
  }

  private static func digits(_ number: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, 5 - text.count)) + text
  }
}
