public import TrainingState

extension StateFormat {
  /// Safetensors files, and sets of them with an index.
  public static let safetensors = StateFormat(
    Origin("safetensors", .unknown),
    suffixes: [".safetensors", ".safetensors.index.json"],
    abilities: .anyState,
    reader: SafetensorsReader.self,
    writer: SafetensorsWriter.self
  )
}
