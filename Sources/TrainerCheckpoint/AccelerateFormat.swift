public import TrainingState

extension StateFormat {
  /// The directories of accelerate's `save_state`.
  public static let accelerate = StateFormat(
    Origin("accelerate", .pytorch),
    naming: NamingConvention.huggingFace,
    abilities: [.wrappedNames, .severalOptimizers],
    reader: AccelerateReader.self,
    writer: AccelerateWriter.self
  )
}
