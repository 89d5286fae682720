public import TrainingState

extension StateFormat {
  /// The native store, an HDF5 file.
  public static let native = StateFormat(
    Origin(StoreNames.format, .optstate),
    suffixes: [".h5", ".hdf5"],
    abilities: [.histories, .compression, .anyState, .severalOptimizers, .quantizedSlots],
    reader: StateStoreReader.self,
    writer: StateStoreWriter.self
  )
}
