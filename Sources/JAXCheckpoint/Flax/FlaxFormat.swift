public import TrainingState

extension StateFormat {
  /// What flax' `serialization.to_bytes` writes.
  public static let flax = StateFormat(
    Origin("flax", .jax),
    suffixes: [".msgpack"],
    reader: FlaxReader.self,
    writer: FlaxWriter.self
  )
}
