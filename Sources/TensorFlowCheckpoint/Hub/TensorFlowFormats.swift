internal import OptimizerCatalog
public import TrainingState

extension StateFormat {
  /// TensorFlow's checkpoints: V2 with names, and V1 to read.
  public static let tensorFlow = StateFormat(
    Origin("tensorflow", .tensorFlow),
    suffixes: [".index", ".ckpt"],
    marks: [".ckpt"],
    naming: NamingConvention.googleBERT,
    slotDialects: [.bert, .tensorFlow],
    abilities: .anyState,
    reader: TensorFlowReader.self,
    writer: TensorFlowWriter.self
  )

  /// The same files with an object graph in them, which ``tensorFlow``'s reader finds.
  public static let tensorFlowObject = StateFormat(
    Origin("tensorflow-object", .tensorFlow),
    variantOf: "tensorflow",
    abilities: .severalOptimizers,
    reader: nil,
    writer: TensorFlowObjectWriter.self
  )
}
