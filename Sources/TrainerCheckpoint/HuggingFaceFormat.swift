public import TrainingState

extension StateFormat {
  /// The checkpoint directories of Hugging Face's Trainer.
  public static let huggingFace = StateFormat(
    Origin("huggingface", .pytorch),
    naming: NamingConvention.huggingFace,
    abilities: .configuration,
    reader: HuggingFaceReader.self,
    writer: HuggingFaceWriter.self
  )
}
