/// Names of the files of a Trainer's checkpoint.
enum TrainerFiles {
  static let model = "model.safetensors"
  static let modelIndex = "model.safetensors.index.json"
  static let pickledModel = "pytorch_model.bin"
  static let pickledIndex = "pytorch_model.bin.index.json"
  static let optimizer = "optimizer.pt"
  static let scheduler = "scheduler.pt"
  static let state = "trainer_state.json"
  static let arguments = "training_args.bin"
  static let config = "config.json"

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
