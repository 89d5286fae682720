internal import ByteIO
internal import Tensors
public import TrainingState

/// Reads NumPy's `.npz` archives and `.npy` files.
public enum NumPyReader: StateReader {
  /// What the names of an archive's arrays end in.
  static let suffix = ".npy"

  /// Whether a path is an `.npy` file, or a zip archive with one in it.
  public static func recognizes(_ probe: StateProbe) throws -> Bool {
    guard let file = try probe.file() else { return false }
    if try isArray(file) { return true }
    guard try ZipArchive.recognizes(file) else { return false }
    guard let archive = probe.finding({ try? ZipArchive(file) }) else {
      // A damaged archive is whose name it bears, so that the message says what is wrong.
      return probe.path.hasSuffix(".npz")
    }
    return archive.members.contains { $0.name.hasSuffix(suffix) } || probe.path.hasSuffix(".npz")
  }

  /// Describes the state in a file; only headers are read.
  public static func read(_ probe: StateProbe, options: ReadOptions) throws -> TrainingState {
    let path = probe.path
    do {
      let file = try PositionalFile.open(path)
      return try isArray(file) ? array(in: file, path) : archive(file)
    } catch let error as StateError {
      throw error.inContext(file: path)
    }
  }

  private static func isArray(_ file: PositionalFile) throws -> Bool {
    let count = NumPyHeader.magic.count
    guard try file.size() >= count else { return false }
    return try file.bytes(at: 0, count: count) == NumPyHeader.magic
  }

  /// The state of one array: a variable called as the file.
  private static func array(in file: PositionalFile, _ path: String) throws -> TrainingState {
    let array = try NumPyArray(FileSource(file, at: 0), byteCount: try file.size()) { count in
      try file.bytes(at: 0, count: count)
    }
    let name = FileSystem.name(of: path)
    let stem = name.hasSuffix(suffix) ? String(name.dropLast(suffix.count)) : name
    let tensor = NumPyLayout.tensor(array, stem, index: 0)
    if array.header.type.elementType == nil {
      return TrainingState(extras: [tensor], origin: StateFormat.numPy.origin)
    }
    return TrainingState(
      variables: [Variable(stem, value: tensor)],
      origin: StateFormat.numPy.origin
    )
  }

  private static func archive(_ file: PositionalFile) throws -> TrainingState {
    let archive = try ZipArchive(file)
    var tensors: [StateTensor] = []
    var extras: [StateTensor] = []
    var contents = Contents()
    for (index, member) in archive.members.enumerated() {
      let source = archive.source(of: member)
      // Small members may be steps, which are taken as numbers now.
      if member.byteCount <= 1 << 10 { try (source as? any VerifiableSource)?.verify() }
      guard member.name.hasSuffix(suffix) else {
        contents.add(member.name, bytes: member.byteCount)
        let content = Tensor(
          .uint8,
          .vector(member.byteCount),
          byteCount: member.byteCount,
          source: source
        )
        extras.append(
          StateTensor(
            member.name,
            content,
            index: index,
            attributes: [NumPyLayout.isFile: .bool(true)]
          )
        )
        continue
      }
      let key = String(member.name.dropLast(suffix.count))
      do {
        let array = try NumPyArray(source, byteCount: member.byteCount) { count in
          try archive.prefix(of: member, count: count)
        }
        contents.add(key, bytes: array.tensor.byteCount)
        let tensor = NumPyLayout.tensor(array, key, index: index)
        if array.header.type.elementType == nil {
          extras.append(tensor)
        } else {
          tensors.append(tensor)
        }
      } catch var error as StateError {
        // In a stored member, places in the array are places in the file.
        error.offset =
          member.isDeflated ? member.offset : error.offset.map { member.offset + $0 }
        throw error.inContext(tensor: key)
      }
    }
    let layout = FlatLayout.recognize(tensors)
    var state = try layout.read(tensors, from: StateFormat.numPy.origin, contents)
    state.extras = extras
    return state
  }
}
