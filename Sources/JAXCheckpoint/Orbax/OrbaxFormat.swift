public import TrainingState

extension StateFormat {
  /// Checkpoints of Orbax, which are read.
  public static let orbax = StateFormat(
    Origin("orbax", .jax),
    reader: OrbaxReader.self,
    writer: nil
  )
}
