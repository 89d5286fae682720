public import ByteIO
public import HDF5
internal import Tensors
public import TrainingState

/// Reads `.weights.h5` files of Keras 3 and of tf.keras from 2.12 on, whole or in shards.
///
/// Their specification is the article <doc:WeightsFiles>.
public enum KerasWeightsReader: StateReader {
  private static let suffix = ".weights.json"

  /// Whether a path is an HDF5 file of weights, or the list of a set of shards.
  public static func recognizes(_ probe: StateProbe) throws -> Bool {
    guard let catalog = try probe.finding({ try HDF5Catalog.find(in: try probe.file()) }) else {
      return try isList(probe)
    }
    return holdsWeights(catalog)
  }

  private static func holdsWeights(_ catalog: HDF5Catalog) -> Bool {
    ["layers", "_layer_checkpoint_dependencies", "optimizer/vars", "vars"].contains { path in
      catalog.object(path).map { $0.dataset == nil } ?? false
    } || catalog.objects.contains { $0.path.last == "vars" && $0.dataset == nil }
  }

  private static func isList(_ probe: StateProbe) throws -> Bool {
    try FileSystem.name(of: probe.path).hasSuffix(suffix) && probe.begins(with: Array("{".utf8))
  }

  /// Describes the state in a file or a set of shards; only structure and a few scalars are read.
  public static func read(_ probe: StateProbe, options: ReadOptions) throws -> TrainingState {
    let catalog = try probe.finding { try HDF5Catalog.find(in: try probe.file()) }
    guard let catalog else { return try set(probe.path, options) }
    return try read(catalog, try PositionalFile.open(probe.path), options: options)
  }

  /// Describes the state in a file whose catalog is known.
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
        origin: StateFormat.kerasWeights.origin
      )
      return try decoder.decode()
    } catch let error as StateError {
      throw error.inContext(file: file.path)
    }
  }

  private static func set(_ path: String, _ options: ReadOptions) throws -> TrainingState {
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
        origin: StateFormat.kerasWeights.origin
      )
      return try decoder.decode()
    } catch let error as StateError {
      throw error.inContext(file: path)
    }
  }
}
