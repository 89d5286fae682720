internal import OptimizerCore
internal import Tensors

extension OptimizerConfig {
  /// The configuration with the records' present values in it.
  ///
  /// - Parameters:
  ///   - record: The optimizer, `nil` to leave the configuration's.
  ///   - schedule: The schedule, `nil` for a constant rate.
  ///   - family: Whose implementation it is.
  ///   - note: Told of what the configuration has no words for.
  /// - Returns: The whole configuration, the very same where nothing has changed.
  func updated(
    _ record: OptimizerRecord?,
    _ schedule: ScheduleRecord?,
    _ family: KerasFamily,
    note: (String) -> Void
  ) -> JSONTree {
    guard let record else { return root }
    var result = root
    let place = path + ["config"]
    let old = self.record(family)
    if record.kind != old.kind {
      note("the optimizer is still called \(className) in the file, not \(record.kind)")
    }
    var unsaid: [String] = []
    let names = Set(record.hyperparameters.keys).union(old.hyperparameters.keys)
    for name in names.sorted()
    where record.hyperparameters[name] != old.hyperparameters[name] {
      let key = (values.members ?? []).lazy.compactMap { HyperparameterKey.keras($0.name) }
        .first { $0.hub == name }
      guard let key, !(name == "learning_rate" && hasScheduleObject) else {
        unsaid.append(name)
        continue
      }
      result = result.replacing(place + [key.keras], with: key.json(record.hyperparameters[name]))
    }
    if !unsaid.isEmpty {
      note("the configuration of \(className) has no \(unsaid.joined(separator: ", "))")
    }
    guard schedule != self.schedule else { return result }
    return scheduled(result, schedule, record, family, note)
  }

  private func scheduled(
    _ tree: JSONTree,
    _ schedule: ScheduleRecord?,
    _ record: OptimizerRecord,
    _ family: KerasFamily,
    _ note: (String) -> Void
  ) -> JSONTree {
    let place = path + ["config"]
    guard let schedule else {
      guard hasScheduleObject, let rate = record.hyperparameters["learning_rate"] else {
        note("the learning-rate schedule of the file is kept: no rate is known to replace it")
        return tree
      }
      let json = HyperparameterKey("learning_rate", "learning_rate").json(rate)
      return tree.replacing(place + ["learning_rate"], with: json)
    }
    if schedule.kind == "keras_bert", kind == "keras_bert_adamw" {
      var result = tree
      let keys = [
        ("learning_rate", "learning_rate"), ("decay_steps", "decay_steps"),
        ("warmup_steps", "warmup_steps"), ("min_lr", "min_learning_rate"),
      ]
      for (keras, hub) in keys {
        guard let number = schedule.parameters[hub]?.number else { continue }
        result = result.replacing(place + [keras], with: JSONTree(number: number))
      }
      return result
    }
    let old = hasScheduleObject ? values["learning_rate"] : nil
    guard kind != "keras_bert_adamw", family != .multiBackend, values["lr_schedule"] == nil,
      let object = ScheduleConfig.object(schedule, replacing: old, family)
    else {
      note("Keras has no schedule of kind \(schedule.kind) for \(className): the file's is kept")
      return tree
    }
    return tree.replacing(place + ["learning_rate"], with: object)
  }
}
