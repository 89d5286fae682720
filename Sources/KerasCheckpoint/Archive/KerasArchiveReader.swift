internal import ByteIO
internal import HDF5
internal import Tensors
public import TrainingState

/// Reads `.keras` archives: a configuration, and a weights file that is read where it lies.
///
/// Their specification is the article <doc:Archives>.
public enum KerasArchiveReader: StateReader {
  private typealias Name = KerasNames
  private static let shardList = "model.weights.json"

  /// Whether a path is a zip archive with a model's configuration in it.
  public static func recognizes(_ probe: StateProbe) throws -> Bool {
    guard let file = try probe.file() else { return false }
    guard try ZipArchive.recognizes(file) else { return false }
    // An archive that is damaged may still be PyTorch's: whoever reads it says what is wrong.
    guard let archive = probe.finding({ try? ZipArchive(file) }) else {
      return FileSystem.name(of: probe.path).hasSuffix(".keras")
    }
    return archive[Name.config] != nil || archive[Name.weightsMember] != nil
      || archive[shardList] != nil
  }

  /// Describes the state in an archive; only structure, configurations and a few scalars are read.
  public static func read(_ probe: StateProbe, options: ReadOptions) throws -> TrainingState {
    let path = probe.path
    do {
      let file = try PositionalFile.open(path)
      let archive = try ZipArchive(file)
      guard let config = archive[Name.config] else {
        throw StateError(.malformed, "the archive has no \(Name.config)")
      }
      let text = try archive.bytes(of: config, within: .textBytes)
      let tree = try JSONTree.parse(text, Name.config)
      let members = try weights(of: archive)
      let files = try members.map { member in
        let range = member.offset..<member.offset + member.byteCount
        let whole = try Tensor(.uint8, .vector(range.count), source: archive.source(of: member))
        return KerasFile(try HDF5Catalog.read(path, in: range), file, in: whole)
      }
      var decoder = try WeightsDecoder(
        files,
        configuration: tree,
        options: options,
        origin: StateFormat.kerasArchive.origin
      )
      var state = try decoder.decode()
      let taken = Set(members.map { ExactName($0.name) })
      for member in archive.members
      where !taken.contains(ExactName(member.name)) && member.name != shardList {
        let content = try Tensor(
          .uint8,
          .vector(member.byteCount),
          source: archive.source(of: member)
        )
        state.extras.append(StateTensor(member.name, content))
      }
      return state
    } catch let error as StateError {
      throw error.inContext(file: path)
    }
  }

  /// The members that hold the weights.
  private static func weights(of archive: ZipArchive) throws -> [ZipMember] {
    var names = [Name.weightsMember]
    if archive[Name.weightsMember] == nil, let list = archive[shardList] {
      names = try ShardList.names(try archive.bytes(of: list, within: .textBytes))
    }
    return try names.map { name in
      guard let member = archive[name] else {
        throw StateError(
          .unsupported,
          "the archive has no \(name)",
          remedy: "save the model with weights in HDF5"
        )
      }
      // Its bytes are read in place, by offset.
      guard !member.isDeflated else {
        throw StateError(
          .unsupported,
          "the weights in the archive are compressed, which Keras never does",
          tensor: name,
          remedy: "unpack the archive and pack it anew with zip -0"
        )
      }
      return member
    }
  }
}
