public import TrainingState

extension StateFormat {
  /// Checkpoints of DeepSpeed's ZeRO, stages 0 to 3, cut for a number of ranks.
  public static let deepSpeed = StateFormat(
    Origin("deepspeed", .pytorch),
    abilities: .tiedNames,
    reader: ZeroReader.self,
    writer: ZeroWriter.self
  )

  /// Universal checkpoints of DeepSpeed's, which any number of ranks loads.
  public static let deepSpeedUniversal = StateFormat(
    Origin("deepspeed-universal", .pytorch),
    abilities: .tiedNames,
    reader: UniversalReader.self,
    writer: UniversalWriter.self
  )
}
