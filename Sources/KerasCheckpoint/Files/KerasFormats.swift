public import TrainingState

extension StateFormat {
  /// The `.h5` files of Keras up to 2 and of Keras 3's legacy writer.
  public static let kerasLegacy = StateFormat(
    Origin("keras-h5", .keras),
    suffixes: [".h5"],
    naming: "keras-bert",
    abilities: .modelOrder,
    reader: KerasLegacyReader.self,
    writer: KerasLegacyWriter.self
  )

  /// `.keras` archives.
  public static let kerasArchive = StateFormat(
    Origin("keras", .keras),
    suffixes: [".keras"],
    abilities: [.modelOrder, .severalOptimizers],
    reader: KerasArchiveReader.self,
    writer: KerasArchiveWriter.self
  )

  /// `.weights.h5` files.
  public static let kerasWeights = StateFormat(
    Origin("keras-weights", .keras),
    suffixes: [".weights.h5"],
    abilities: .severalOptimizers,
    reader: KerasWeightsReader.self,
    writer: KerasWeightsWriter.self
  )
}
