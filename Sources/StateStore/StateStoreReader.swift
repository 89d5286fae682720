public import ByteIO
public import HDF5
internal import OptimizerCore
internal import Tensors
public import TrainingState

/// Reads the native HDF5 layout; its specification is the article <doc:NativeLayout>.
public enum StateStoreReader: StateReader {
  /// Whether a path is a native file, of this version or another.
  public static func recognizes(_ probe: StateProbe) throws -> Bool {
    let catalog = try probe.finding { try HDF5Catalog.find(in: try probe.file()) }
    return catalog?.object("")?.attributes[StoreNames.Attribute.format] == .text(StoreNames.format)
  }

  /// Describes the state in a file; only its structure is read.
  public static func read(_ probe: StateProbe, options: ReadOptions) throws -> TrainingState {
    let file = try PositionalFile.open(probe.path)
    let catalog = try probe.finding { try HDF5Catalog.find(in: file) }
    return try read(try catalog ?? HDF5Catalog.read(probe.path), file, options: options)
  }

  /// Describes the state in a file whose catalog is known.
  ///
  /// - Parameters:
  ///   - catalog: What the file says about itself.
  ///   - file: The file.
  ///   - options: What the file does not say.
  /// - Returns: The state.
  /// - Throws: `StateError` when the content breaks the layout's rules.
  public static func read(
    _ catalog: HDF5Catalog,
    _ file: PositionalFile,
    options: ReadOptions = ReadOptions()
  ) throws -> TrainingState {
    do {
      return try StoreDecoder(catalog, file: file, options: options).state()
    } catch let error as StateError {
      throw error.inContext(file: file.path)
    }
  }
}
