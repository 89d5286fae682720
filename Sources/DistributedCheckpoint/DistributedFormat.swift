public import TrainingState

extension StateFormat {
  /// Checkpoints of `torch.distributed.checkpoint`: a directory of shards and metadata.
  public static let distributed = StateFormat(
    Origin("dcp", .pytorch),
    abilities: .tiedNames,
    reader: DistributedReader.self,
    writer: DistributedWriter.self
  )
}
