public import ByteIO
public import HDF5
internal import OptimizerCore
internal import Tensors
public import TrainingState

/// Reads the native HDF5 layout; its specification is the article <doc:NativeLayout>.
public enum StateStoreReader: StateReader {
  /// The name of the format.
  public static let format = StoreNames.format

  private static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]

  /// Whether a path is an HDF5 file.
  public static func recognizes(_ path: String) throws -> Bool {
    guard FileSystem.kind(of: path) == .file else { return false }
    let file = try PositionalFile.open(path)
    guard try file.size() >= signature.count else { return false }
    return try file.bytes(at: 0, count: signature.count) == signature
  }

  /// Describes the state in a file; only its structure is read.
  public static func read(
    _ path: String,
    options: ReadOptions = ReadOptions()
  ) throws -> TrainingState {
    try read(try HDF5Catalog.read(path), try PositionalFile.open(path))
  }

  /// Describes the state in a file whose catalog is known.
  ///
  /// - Parameters:
  ///   - catalog: What the file says about itself.
  ///   - file: The file.
  /// - Returns: The state.
  /// - Throws: `StateError` when the content breaks the layout's rules.
  public static func read(_ catalog: HDF5Catalog, _ file: PositionalFile) throws -> TrainingState {
    do {
      return try StoreDecoder(catalog, file: file).state()
    } catch let error as StateError {
      throw error.inContext(file: file.path)
    }
  }

  /// Whether an HDF5 file is a native one, of this version or another.
  ///
  /// - Parameter catalog: What the file says about itself.
  /// - Returns: Whether it is.
  public static func recognizes(_ catalog: HDF5Catalog) -> Bool {
    catalog.object("")?.attributes[StoreNames.Attribute.format] == .text(StoreNames.format)
  }
}
