public import TrainingState

extension StateFormat {
  /// What `torch.save` writes; Lightning and others call it `.ckpt`.
  public static let pyTorch = StateFormat(
    Origin("pytorch", .pytorch),
    suffixes: [".pt", ".pth", ".bin", ".ckpt"],
    naming: NamingConvention.huggingFace,
    abilities: [.tiedNames, .severalOptimizers, .quantizedSlots, .modelOrder, .wrappedNames],
    reader: PyTorchReader.self,
    writer: PyTorchWriter.self
  )
}
