public import TrainingState

extension StateFormat {
  /// NumPy's archives, and single arrays to read.
  public static let numPy = StateFormat(
    Origin("npz", .unknown),
    suffixes: [".npz", ".npy"],
    abilities: .anyState,
    reader: NumPyReader.self,
    writer: NumPyWriter.self
  )
}
