internal import ByteIO
internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// Keras' class for a rule that another framework's state names.
enum OptimizerClass {
  /// The class of a kind, `nil` where Keras has none.
  static func name(of kind: String) -> String? {
    OptimizerCatalog.description(of: kind)?.kerasClass
  }

  /// What is known of the optimizer in the form of a `training_config`, `nil` where nothing is.
  static func training(_ state: TrainingState) -> JSONTree? {
    guard let record = state.optimizer, let name = name(of: record.kind) else { return nil }
    var values = JSONTree.object([]).replacing(["name"], with: JSONTree(text: name))
    for (hub, value) in record.hyperparameters.sorted(by: { $0.key < $1.key })
    where !["arithmetic", "bias_correction", "epsilon_placement", "buffer"].contains(hub) {
      let key = HyperparameterKey.hub(hub)
      values = values.replacing([key.keras], with: key.json(value))
    }
    if let schedule = state.schedule {
      if schedule.kind == "keras_bert" {
        for (keras, hub) in [
          ("learning_rate", "learning_rate"), ("decay_steps", "decay_steps"),
          ("warmup_steps", "warmup_steps"), ("min_lr", "min_learning_rate"),
        ] {
          guard let number = schedule.parameters[hub]?.number else { continue }
          values = values.replacing([keras], with: JSONTree(number: number))
        }
      } else if let object = ScheduleConfig.object(schedule, replacing: nil, .legacy) {
        values = values.replacing(["learning_rate"], with: object)
      }
    }
    let optimizer = JSONTree.object([])
      .replacing(["class_name"], with: JSONTree(text: name))
      .replacing(["config"], with: values)
    return JSONTree.object([]).replacing(["optimizer_config"], with: optimizer)
  }
}
