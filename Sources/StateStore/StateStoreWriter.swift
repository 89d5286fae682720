internal import ByteIO
internal import HDF5
internal import OptimizerCore
internal import Tensors
public import TrainingState

/// Writes the native HDF5 layout; its specification is the article <doc:NativeLayout>.
public enum StateStoreWriter: StateWriter {
  /// Writes a state into a file.
  ///
  /// Structure is written by libhdf5; the bytes of the tensors go to their places by positioned
  /// writes, verified and summed on the way.
  public static func write(
    _ state: TrainingState,
    to path: String,
    options: WriteOptions
  ) throws {
    if let level = options.deflateLevel, !(1...9).contains(level) {
      throw StateError(.invalidArgument, "gzip has no level \(level)", expected: "1 to 9")
    }
    let output = OutputSet(overwrite: options.overwrite)
    try output.add(path) { temporary in
      let layout = try StoreLayout(state, creating: temporary, deflateLevel: options.deflateLevel)
      try layout.fill(temporary, progress: options.progress)
    }
    try output.commit()
  }
}
