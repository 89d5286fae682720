internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// Whether what the records say of schedule and optimizer still makes sense at the state's step.
struct OptimizerCheck {
  private let subject: DiagnosisSubject

  init(_ subject: DiagnosisSubject) {
    self.subject = subject
  }

  var findings: [Finding] { [schedule, correction].compactMap(\.self) }

  /// A run that stands at its schedule's last step has finished, which is no fault.
  private var schedule: Finding? {
    guard let record = subject.state.schedule, let step = subject.state.globalStep?.value, step > 0,
      let schedule = try? Schedule(record), let end = Self.end(of: schedule), step > end,
      let rate = try? schedule.learningRate(at: step),
      let highest = Self.highestRate(of: schedule, until: end), rate < highest
    else { return nil }
    // A piecewise schedule is meant to stay at its last piece.
    if record.kind.hasPrefix("piecewise"), rate > 0 { return nil }
    return Finding(
      .scheduleEnded,
      "the schedule has ended",
      evidence: "step \(step) is past the last one, \(end), of \(record)",
      consequence: rate == 0
        ? "the learning rate is 0 from here on: training goes on and changes nothing"
        : "the learning rate stays at \(Numbers.text(rate)), down from \(Numbers.text(highest))",
      remedy: Self.extended(record, past: step).map(subject.remedies.setSchedule),
      advice: "the schedule must reach past step \(step)"
    )
  }

  /// The last step of a schedule that has one.
  private static func end(of schedule: Schedule) -> Int64? {
    if let end = schedule.end { return end }
    // Hugging Face's cosine rises again after its end.
    guard schedule.record.kind.hasPrefix("hf_"),
      case .int(let steps)? = schedule.record.parameters["num_training_steps"], steps < .max
    else { return nil }
    return steps
  }

  private static func highestRate(of schedule: Schedule, until end: Int64) -> Double? {
    let steps = (0...32).map { end / 32 * $0 } + [max(end - 1, 0)]
    let warmup = ["num_warmup_steps", "warmup_steps"].compactMap { key -> Int64? in
      guard case .int(let steps)? = schedule.record.parameters[key] else { return nil }
      return min(max(steps, 0), end)
    }
    return (steps + warmup).compactMap { try? schedule.learningRate(at: $0) }.max()
  }

  /// The same schedule with as many steps again.
  private static func extended(_ record: ScheduleRecord, past step: Int64) -> ScheduleRecord? {
    let keys = ["num_train_steps", "num_training_steps", "decay_steps"]
    guard let key = keys.first(where: { record.parameters[$0] != nil }) else { return nil }
    let (twice, overflow) = step.multipliedReportingOverflow(by: 2)
    guard !overflow else { return nil }
    var longer = record
    longer.parameters[key] = .int(twice)
    return longer
  }

  /// The fix for BERT's optimizer that computes its factor once, when the graph is built.
  private var correction: Finding? {
    guard let record = subject.state.optimizer,
      record.hyperparameters["bias_correction"]?.word == "frozen"
    else { return nil }
    let beta1 = record.hyperparameters["beta1"]?.number ?? 0.9
    let beta2 = record.hyperparameters["beta2"]?.number ?? 0.999
    guard beta1 < 1 else { return nil }
    let factor = BERTAdamW.frozenFactor(beta1: beta1, beta2: beta2)
    return Finding(
      .frozenCorrection,
      "the bias correction is frozen at its first step",
      evidence: "the record of '\(record.kind)' has bias_correction=frozen: its factor stays at "
        + "\(Numbers.text(factor)), where a correction goes from \(Numbers.text(factor)) to 1",
      consequence:
        "every update is \(Numbers.text(factor)) times what the learning rate says; with an "
        + "optimizer that corrects, the same rate trains \(Numbers.text(1 / factor)) times as fast",
      remedy: subject.remedies.setRecords(
        Self.scaled(record, by: factor),
        subject.state.schedule.map { Self.scaled($0, by: factor) }
      )
    )
  }

  /// The optimizer without the frozen factor, which its rate takes over.
  private static func scaled(_ record: OptimizerRecord, by factor: Double) -> OptimizerRecord {
    var plain = record
    plain.hyperparameters["bias_correction"] = nil
    if let rate = record.hyperparameters["learning_rate"]?.number {
      plain.hyperparameters["learning_rate"] = .double(rate * factor)
    }
    return plain
  }

  private static func scaled(_ record: ScheduleRecord, by factor: Double) -> ScheduleRecord {
    var scaled = record
    for key in ["learning_rate", "end_learning_rate", "warmup_learning_rate", "min_learning_rate"] {
      guard let rate = record.parameters[key]?.number else { continue }
      scaled.parameters[key] = .double(rate * factor)
    }
    return scaled
  }
}
