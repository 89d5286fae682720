public import ByteIO
internal import Tensors

/// The index of a sharded set: which file holds which tensor.
///
/// `model.safetensors.index.json` and `pytorch_model.bin.index.json` have the same form.
public struct ShardIndex: Sendable {
  /// What the set says of itself, such as `total_size`.
  public var metadata: JSONObject

  /// Tensors and the names of their files, in the index' order.
  public var files: [(tensor: String, file: String)]

  /// An index to be written.
  ///
  /// - Parameters:
  ///   - metadata: What the set says of itself.
  ///   - files: Tensors and the names of their files.
  public init(metadata: JSONObject, files: [(tensor: String, file: String)]) {
    self.metadata = metadata
    self.files = files
  }

  /// Reads an index.
  ///
  /// - Parameter path: The file.
  /// - Returns: The index; its files are names without directories.
  /// - Throws: `StateError` with code `malformed` or `limitExceeded`, or what opening throws.
  public static func read(_ path: String) throws -> ShardIndex {
    do {
      let bytes = try PositionalFile.contents(of: path, within: .headerBytes, "the index")
      return try ShardIndex(bytes)
    } catch let error as StateError {
      throw error.inContext(file: path)
    }
  }

  /// Whether a file is an index of files of a kind.
  ///
  /// - Parameters:
  ///   - file: The file.
  ///   - suffix: What the names of its files end in, such as `.safetensors`.
  /// - Returns: Whether it is.
  /// - Throws: `StateError` when the file cannot be read.
  public static func recognizes(
    _ file: PositionalFile,
    filesEndingIn suffix: String
  ) throws -> Bool {
    let path = file.path
    let size = try file.size()
    guard size > 0, size <= Limits[.headerBytes],
      let first = try file.bytes(at: 0, count: min(size, 64)).first(where: {
        ![0x20, 0x09, 0x0A, 0x0D].contains($0)
      }), first == UInt8(ascii: "{")
    else { return false }
    guard let index = try? ShardIndex.read(path), let some = index.files.first else {
      // What only looks like an index is one by its name, so that the message says what is wrong.
      return path.hasSuffix(suffix + ".index.json")
    }
    return some.file.hasSuffix(suffix)
  }

  private init(_ text: [UInt8]) throws {
    var reader = JSONReader(text)
    var metadata = JSONObject()
    var files: [(tensor: String, file: String)]?
    try reader.object { reader, name in
      switch name {
      case "metadata":
        guard case .object(let object) = try reader.value() else {
          throw reader.malformed("the index' metadata is no object")
        }
        metadata = object
      case "weight_map":
        var map: [(tensor: String, file: String)] = []
        try reader.object { reader, tensor in
          let start = reader.offset
          let file = try reader.string("a file's name")
          // Names never lead out of the set's own directory.
          guard !file.isEmpty, file != ".", file != "..", !file.utf8.contains(UInt8(ascii: "/")),
            !file.utf8.contains(0)
          else {
            throw StateError(
              .malformed,
              "a shard must be a file beside its index",
              tensor: tensor,
              offset: start,
              found: "'\(file)'"
            )
          }
          map.append((tensor, file))
        }
        files = map
      default: try reader.skip()
      }
    }
    try reader.finish()
    guard let files else { throw StateError(.malformed, "the index has no weight_map") }
    self.metadata = metadata
    self.files = files
  }

  /// The text as transformers writes it: names sorted, two blanks a level, ASCII.
  public var bytes: [UInt8] {
    var map = JSONObject()
    for entry in files.sorted(by: { ExactName($0.tensor) < ExactName($1.tensor) }) {
      map[entry.tensor] = .string(entry.file)
    }
    var sorted = JSONObject()
    for member in metadata.members.sorted(by: { ExactName($0.name) < ExactName($1.name) }) {
      sorted[member.name] = member.value
    }
    let index = JSONValue.object(["metadata": .object(sorted), "weight_map": .object(map)])
    return index.bytes(isCompact: false, escapesNonASCII: true) + [0x0A]
  }
}
