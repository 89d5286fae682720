public import ByteIO
public import HDF5
internal import Tensors
public import TrainingState

/// Reads the `.h5` files of Keras up to 2, tf.keras, tf_keras, and Keras 3's legacy writer.
///
/// Their specification is the article <doc:LegacyFiles>.
public enum KerasLegacyReader: StateReader {
  /// Whether a path is an HDF5 file of a whole model, or of a model's weights alone.
  public static func recognizes(_ probe: StateProbe) throws -> Bool {
    guard let catalog = try probe.finding({ try HDF5Catalog.find(in: try probe.file()) }) else {
      return false
    }
    let names = KerasNames.layerNames
    if catalog.object(KerasNames.modelWeights)?.dataset == nil,
      catalog.object(KerasNames.modelWeights) != nil
    {
      return true
    }
    let root = catalog.object("")?.attributes ?? [:]
    return root[names] != nil || root[names + "0"] != nil || root[KerasNames.modelConfig] != nil
  }

  /// Describes the state in a file; only its structure and a few scalars are read.
  public static func read(_ probe: StateProbe, options: ReadOptions) throws -> TrainingState {
    let file = try PositionalFile.open(probe.path)
    let catalog = try probe.finding { try HDF5Catalog.find(in: file) }
    return try read(try catalog ?? HDF5Catalog.read(probe.path), file)
  }

  /// Describes the state in a file whose catalog is known.
  ///
  /// - Parameters:
  ///   - catalog: What the file says about itself.
  ///   - file: The file.
  /// - Returns: The state.
  /// - Throws: `StateError` when the content breaks the format's rules, or the optimizer's tensors fit
  ///   no order that is known.
  public static func read(_ catalog: HDF5Catalog, _ file: PositionalFile) throws -> TrainingState {
    do {
      var decoder = LegacyDecoder(KerasFile(catalog, file))
      return try decoder.decode()
    } catch let error as StateError {
      throw error.inContext(file: file.path)
    }
  }
}
