/// Names of the files of a Trainer's checkpoint.
enum TrainerFiles {
  static let model = "model.safetensors"
  static let modelIndex = "model.safetensors.index.json"
  static let pickledModel = "pytorch_model.bin"
  static let pickledIndex = "pytorch_model.bin.index.json"
  static let adapter = "adapter_model.safetensors"
  static let pickledAdapter = "adapter_model.bin"
  static let optimizer = "optimizer.pt"
  static let scheduler = "scheduler.pt"
  static let state = "trainer_state.json"
  static let arguments = "training_args.bin"
  static let config = "config.json"

  /// Whether the Trainer saves a file of this name into its checkpoints: it belongs to the checkpoint, and goes
  /// where another takes its place.
  static func belongsToCheckpoint(_ name: String) -> Bool {
    switch name {
    case model, modelIndex, pickledModel, pickledIndex, adapter, pickledAdapter, optimizer,
      scheduler, state, arguments, config, "adapter_config.json", "generation_config.json",
      "scaler.pt", "rng_state.pth":
      true
    default:
      !name.contains("/")
        && parts.contains { name.hasPrefix($0.prefix) && name.hasSuffix($0.suffix) }
    }
  }

  /// How the names begin and end of what there is several of: shards, and random states of processes.
  private static let parts = [
    (prefix: "model-", suffix: ".safetensors"), (prefix: "pytorch_model-", suffix: ".bin"),
    (prefix: "rng_state_", suffix: ".pth"),
  ]

  /// Before the name of a file that is carried along as it is.
  static let carried = "files/"

  /// Of a variable: the file of a sharded set that holds it.
  static let shard = "huggingface.file"

  /// Of the state: whether the model is pickled.
  static let isPickled = "huggingface.pickled"

  /// Of the state: the step and the schedule that the carried files say.
  static let step = "huggingface.step"
  static let schedule = "huggingface.schedule"
}
