public import TrainingState

extension StateFormat {
  /// What flax' `serialization.to_bytes` writes.
  public static let flax = StateFormat(
    Origin("flax", .jax),
    suffixes: [".msgpack"],
    naming: NamingConvention.flaxBERT,
    reader: FlaxReader.self,
    writer: FlaxWriter.self
  )
}
