internal import ByteIO
internal import HDF5
internal import KerasCheckpoint
internal import StateStore
internal import Tensors
internal import TrainingState

/// The formats that are HDF5 files, told apart by what is in them.
enum HDF5Formats {
  /// Opens a file whose catalog is read once.
  ///
  /// - Parameters:
  ///   - path: An HDF5 file.
  ///   - options: What the file does not say.
  /// - Returns: The state and the name of its format.
  /// - Throws: `StateError` with code `unsupported` when the file is none of a format that is known, or
  ///   what reading it throws.
  static func open(
    _ path: String,
    _ options: ReadOptions
  ) throws -> (state: TrainingState, format: String) {
    let catalog = try HDF5Catalog.read(path)
    let file = try PositionalFile.open(path)
    // A file that claims to be native is held to it; so is one that is nothing else.
    if !StateStoreReader.recognizes(catalog) {
      if KerasLegacyReader.recognizes(catalog) {
        return (try KerasLegacyReader.read(catalog, file), KerasLegacyReader.format)
      }
      if KerasWeightsReader.recognizes(catalog) {
        let state = try KerasWeightsReader.read(catalog, file, options: options)
        return (state, KerasWeightsReader.format)
      }
    }
    return (try StateStoreReader.read(catalog, file), StateStoreReader.format)
  }
}
