public import ByteIO
public import HDF5
internal import Tensors
public import TrainingState

/// Reads `.weights.h5` files of Keras 3 and of tf.keras from 2.12 on, whole or in shards.
///
/// Their specification is the article <doc:WeightsFiles>.
public enum KerasWeightsReader: StateReader {
  /// The name of the format.
  public static let format = KerasNames.weightsFormat

  private static let suffix = ".weights.json"

  /// Whether an HDF5 file is a weights file.
  ///
  /// - Parameter catalog: What the file says about itself.
  /// - Returns: Whether it is.
  public static func recognizes(_ catalog: HDF5Catalog) -> Bool {
    ["layers", "_layer_checkpoint_dependencies", "optimizer/vars", "vars"].contains { path in
      catalog.object(path).map { $0.dataset == nil } ?? false
    } || catalog.objects.contains { $0.path.last == "vars" && $0.dataset == nil }
  }

  /// Whether a path is the list of a set of shards.
  public static func recognizes(_ path: String) throws -> Bool {
    guard FileSystem.name(of: path).hasSuffix(suffix), FileSystem.kind(of: path) == .file else {
      return false
    }
    let file = try PositionalFile.open(path)
    return try file.size() > 0 && file.bytes(at: 0, count: 1) == Array("{".utf8)
  }

  /// Describes the state in a file; only its structure and a few scalars are read.
  ///
  /// - Parameters:
  ///   - catalog: What the file says about itself.
  ///   - file: The file.
  ///   - options: What the file does not say.
  /// - Returns: The state.
  /// - Throws: `StateError` when the content breaks the format's rules, or the optimizer's tensors fit
  ///   no order that is known.
  public static func read(
    _ catalog: HDF5Catalog,
    _ file: PositionalFile,
    options: ReadOptions = ReadOptions()
  ) throws -> TrainingState {
    do {
      var decoder = try WeightsDecoder(
        [KerasFile(catalog, file)],
        configuration: nil,
        options: options,
        format: format
      )
      return try decoder.decode()
    } catch let error as StateError {
      throw error.inContext(file: file.path)
    }
  }

  /// Describes the state in a set of shards, named by its list.
  public static func read(_ path: String, options: ReadOptions) throws -> TrainingState {
    do {
      let bytes = try PositionalFile.contents(of: path, within: .textBytes, "the list of shards")
      let names = try ShardList.names(bytes)
      let folder = FileSystem.directory(of: path)
      let files = try names.map { name in
        let shard = FileSystem.path(folder, name)
        return KerasFile(try HDF5Catalog.read(shard), try PositionalFile.open(shard))
      }
      var decoder = try WeightsDecoder(
        files,
        configuration: nil,
        options: options,
        format: format
      )
      return try decoder.decode()
    } catch let error as StateError {
      throw error.inContext(file: path)
    }
  }
}
