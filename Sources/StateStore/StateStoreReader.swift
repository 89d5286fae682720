package import ByteIO
package import HDF5
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
    do {
      let catalog = try HDF5Catalog.read(path)
      return try read(catalog, file: try PositionalFile.open(path))
    } catch let error as StateError {
      throw error.inContext(file: path)
    }
  }

  /// Describes the state of a catalog, whose datasets lie in a file.
  package static func read(
    _ catalog: HDF5Catalog,
    file: PositionalFile
  ) throws -> TrainingState {
    try StoreDecoder(catalog, file: file).state()
  }
}
