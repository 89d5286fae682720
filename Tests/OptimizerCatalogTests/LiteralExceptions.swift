import Tensors

/// Words of the catalogue that stand in literals of a file and are no knowledge of optimizers there.
struct LiteralException {
  /// The file, below `Sources`.
  let file: String

  /// The words, as they are in the catalogue.
  let words: Set<String>

  /// Why they are there.
  let reason: String

  private init(_ file: String, _ words: Set<String>, _ reason: String) {
    self.file = file
    self.words = words
    self.reason = reason
  }

  static let all: [LiteralException] = [
    LiteralException(
      "JAXCheckpoint/Zarr/ZarrArray.swift",
      ["c"],
      "what zarr 3's chunk keys begin with"
    ),
    LiteralException(
      "KerasCheckpoint/Slots/FreshList.swift",
      ["Adam"],
      "what stands before the counter where no configuration names the class"
    ),
    LiteralException(
      "OptimizerCore/Schedules/ScheduleKind+Keys.swift",
      ["step_size"],
      "a setting of torch's StepLR"
    ),
    LiteralException(
      "OptimizerCore/Schedules/Torch/ScheduleRecord+Formula.swift",
      ["step_size"],
      "a setting of torch's StepLR"
    ),
    LiteralException(
      "OptimizerCore/Schedules/Torch/TorchRate.swift",
      ["step_size"],
      "a setting of torch's StepLR"
    ),
    LiteralException(
      "PyTorchCheckpoint/Schedulers/SchedulerClass.swift",
      ["step_size"],
      "a setting of torch's StepLR"
    ),
    LiteralException(
      "TrainingState/State/UnknownSlots.swift",
      ["adamw"],
      "an example in a message"
    ),
    LiteralException(
      "StateTools/Diagnosis/Diagnosis.swift",
      ["moments"],
      "a part of the state that is looked at"
    ),
    LiteralException("optstate/Commands/ComparisonText.swift", ["s"], "a plural's ending"),
    LiteralException("optstate/Commands/DiagnosisText.swift", ["s"], "a plural's ending"),
    LiteralException("optstate/Support/ProgressBar.swift", ["s"], "seconds"),
    LiteralException("optstate/Commands/Doctor.swift", ["adamw"], "an example in a help text"),
    LiteralException(
      "StateSurgery/Reset/SlotCreation.swift",
      ["adamw", "bert_adamw"],
      "an example in a message"
    ),
    LiteralException("ByteIO/JSON/JSONReader.swift", ["u"], "an escape of JSON"),
    LiteralException("ByteIO/JSON/JSONTree+Text.swift", ["u"], "an escape of JSON"),
    LiteralException("ByteIO/JSON/JSONValue+Text.swift", ["u"], "an escape of JSON"),
    LiteralException(
      "JAXCheckpoint/Tree/OptimizerSite.swift",
      ["ema"],
      "what training scripts call a branch of averaged parameters"
    ),
    LiteralException(
      "KerasCheckpoint/Config/WeightNames.swift",
      ["variance"],
      "a weight of Keras' normalizing layers"
    ),
    LiteralException("KerasCheckpoint/Weights/SnakeCase.swift", ["z"], "the end of the alphabet"),
    LiteralException(
      "PyTorchCheckpoint/Hub/FreshOptimizer.swift",
      ["adamw"],
      "an example in a message"
    ),
    LiteralException(
      "PyTorchCheckpoint/Hub/TrainerGroups.swift",
      ["norm"],
      "a module that normalizes"
    ),
    LiteralException(
      "StateSurgery/Debias/Debias+Records.swift",
      ["adamw"],
      "an example in a message"
    ),
    LiteralException(
      "StateSurgery/Debias/DebiasReport.swift",
      ["m", "rms", "v"],
      "a formula, and the key of a root mean square"
    ),
    LiteralException(
      "StateSurgery/Reset/SlotBeginning.swift",
      ["adagrad"],
      "an example in a message"
    ),
    LiteralException("StateTools/Diagnosis/Remedies.swift", ["z"], "the end of the alphabet"),
    LiteralException(
      "StateTools/Inspection/TensorStatistics.swift",
      ["norm", "rms"],
      "keys of statistics"
    ),
    LiteralException("StateTools/Report/Chart.swift", ["c"], "a class of the style sheet"),
    LiteralException(
      "StateTools/Report/ReportSections.swift",
      ["m", "v"],
      "the moments' symbols in the head of a table"
    ),
    LiteralException(
      "StateTraining/TrainingRun.swift",
      ["adamw", "bert_adamw"],
      "an example in a message"
    ),
    LiteralException(
      "TensorFlowCheckpoint/Elements/StringCoding.swift",
      ["sum"],
      "a field of a message"
    ),
    LiteralException(
      "TensorFlowCheckpoint/Elements/VariantCoding.swift",
      ["sum"],
      "a field of a message"
    ),
    LiteralException(
      "Tensors/Names/SlotName.swift",
      hubNames,
      "the hub's names, which the catalogue imports"
    ),
    LiteralException(
      "TorchContainer/Pickle/PickleGlobals.swift",
      ["trace"],
      "a function of torch.jit"
    ),
    LiteralException(
      "TrainerCheckpoint/TrainerSchedule.swift",
      ["linear"],
      "a schedule of transformers"
    ),
    LiteralException(
      "TrainingState/Optimizer/ResolvedOptimizer.swift",
      ["bert_adamw"],
      "an example in a message"
    ),
    LiteralException("TrainingState/State/Account.swift", ["u", "variance"], "buffers of models"),
    LiteralException(
      "TrainingState/State/UnknownSlots.swift",
      ["adam", "rmsprop"],
      "examples in a message"
    ),
    LiteralException("optstate/Commands/AverageCommand.swift", ["average"], "the command's name"),
    LiteralException(
      "optstate/Commands/DebiasCommand.swift",
      ["bert_adamw"],
      "an example in a help text"
    ),
    LiteralException(
      "optstate/Commands/KindsCommand.swift",
      ["adamw"],
      "an example in a help text"
    ),
    LiteralException(
      "optstate/Commands/ResetCommand.swift",
      ["adam_m", "adam_v"],
      "examples in a help text"
    ),
    LiteralException(
      "optstate/Support/RecordOptions.swift",
      ["adamw"],
      "an example in a help text"
    ),
  ]

  /// Momentum is a hyper-parameter's word as well.
  private static let hubNames = Set(SlotName.all.map(\.rawValue)).subtracting(["momentum"])
}
