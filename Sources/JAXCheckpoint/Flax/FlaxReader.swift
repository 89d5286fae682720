internal import ByteIO
internal import Tensors
public import TrainingState

/// Reads what flax' `serialization.to_bytes` writes: a `TrainState`, a dictionary of parameters and optimizer, or either alone.
public enum FlaxReader: StateReader {
  /// The extra that holds everything of the file but the arrays.
  static let structure = "~msgpack"

  /// Whether a path is a file that begins as a map of texts does.
  public static func recognizes(_ probe: StateProbe) throws -> Bool {
    guard let file = try probe.file() else { return false }
    let start = try file.bytes(at: 0, count: min(try file.size(), 64))
    guard let tag = start.first else { return false }
    let isMap = (0x80...0x8F).contains(tag) || tag == 0xDE || tag == 0xDF
    if probe.path.hasSuffix(".msgpack") { return isMap }
    let heads: [UInt8: Int] = [0xDE: 3, 0xDF: 5]
    let key = start.dropFirst(heads[tag] ?? 1)
    guard isMap, tag != 0x80, let mark = key.first else { return false }
    // A key that a person can read, and a value behind it.
    let count = (0xA1...0xBF).contains(mark) ? Int(mark & 0x1F) : mark == 0xD9 ? 32 : 0
    let text = key.dropFirst(mark == 0xD9 ? 2 : 1).prefix(count)
    return count > 0 && !text.isEmpty && text.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
  }

  /// Describes the state in a file; nothing but its structure is read.
  public static func read(_ probe: StateProbe, options: ReadOptions) throws -> TrainingState {
    let path = probe.path
    do {
      let file = try PositionalFile.open(path)
      var reader = MessagePackReader(try MessagePackInput(file))
      let root = try reader.read()
      guard root.children.count > 0 else {
        throw StateError(.unsupported, "the file holds no tree", offset: 0)
      }
      let tree = try FlaxTree(file).node(root)
      var state = try TreeAssembly(
        tree,
        origin: StateFormat.flax.origin,
        optimizer: options.optimizer
      ).state
      let bytes = reader.structure
      state.extras.append(
        StateTensor(structure, try Tensor(.uint8, .vector(bytes.count), bytes: bytes))
      )
      return state
    } catch let error as StateError {
      throw error.inContext(file: path)
    }
  }
}
