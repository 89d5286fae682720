internal import ArgumentParser
internal import OptStateKit

/// Optimizer and schedule where the state itself has no record of them.
struct RecordOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The optimizer, such as adamw:learning_rate=0.001, or a JSON file.",
      valueName: "file|spec"
    ),
    completion: Completions.optimizers
  )
  var optimizer: String?

  @Option(
    help: ArgumentHelp(
      "The schedule, such as bert:learning_rate=1e-4,num_train_steps=1000000, or a JSON file.",
      valueName: "file|spec"
    ),
    completion: Completions.schedules
  )
  var schedule: String?

  @Option(name: .customLong("learning_rate"), help: "BERT's flag: the rate after warm-up.")
  var learningRate: Double?

  @Option(name: .customLong("num_train_steps"), help: "BERT's flag: when the rate reaches zero.")
  var trainSteps: Int64?

  @Option(name: .customLong("num_warmup_steps"), help: "BERT's flag: updates of warm-up.")
  var warmupSteps: Int64?

  func validate() throws {
    let isBERT = learningRate != nil || trainSteps != nil || warmupSteps != nil
    guard !isBERT || learningRate != nil && trainSteps != nil else {
      throw ValidationError("--learning_rate and --num_train_steps belong together")
    }
    guard !isBERT || schedule == nil else {
      throw ValidationError("--schedule and BERT's flags exclude each other")
    }
  }

  /// Whether any of them was given.
  var areGiven: Bool { optimizer != nil || schedule != nil || learningRate != nil }

  /// A state with the records that were given.
  func completing(_ state: TrainingState) throws -> TrainingState {
    if areGiven {
      try state.checkIsOfOneOptimizer()
    }
    var copy = state
    if let optimizer {
      var record = try RecordSource.optimizer(optimizer)
      // What the buffers hold does not change with the record that is said to be theirs.
      let hasBuffers = state.variables.contains { $0[.momentum] != nil }
      let entry = OptimizerCatalog.description(of: record.kind)
      if entry?.stepBuffers.isEmpty == false, hasBuffers, state.holdsSteps(record.kind),
        record.hyperparameters["buffer"] == nil
      {
        record.hyperparameters["buffer"] = .string("step")
      }
      copy.optimizer = record
    }
    if let schedule { copy.schedule = try RecordSource.schedule(schedule) }
    if let learningRate, let trainSteps {
      let record = ScheduleRecord(
        kind: "bert",
        parameters: [
          "learning_rate": .double(learningRate), "num_train_steps": .int(trainSteps),
          "num_warmup_steps": .int(warmupSteps ?? 0),
        ]
      )
      copy.schedule = try Schedule(record).record
      // The flags are those of BERT's own optimizer; another one must be named.
      if copy.optimizer == nil {
        copy.optimizer = OptimizerRecord(kind: RuleKind.bertAdamW.rawValue)
      }
    }
    return copy
  }
}
