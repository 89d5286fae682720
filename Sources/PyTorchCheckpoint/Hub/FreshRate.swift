internal import OptimizerCore
internal import Tensors
package import TorchContainer
package import TrainingState

/// The learning rate of a state that came from elsewhere, and the scheduler that goes on from it.
package struct FreshRate {
  /// The rate of the next update.
  package let current: Double

  /// The rate that the schedule scales, `nil` where there is no schedule.
  package let initial: Double?

  private let step: Int64
  private let schedule: ScheduleRecord?
  private let unread: String?

  package init(_ state: TrainingState) throws {
    schedule = state.schedule
    unread = state.unreadSchedule
    let step = state.globalStep?.value ?? 0
    self.step = step
    if let record = state.schedule {
      current = try StateError.blamingData { try Schedule(record).learningRate(at: step) }
      initial = record.parameters["learning_rate"]?.number
      return
    }
    guard let rate = state.optimizer?.hyperparameters["learning_rate"]?.number else {
      throw StateError(
        .unsupported,
        "the state does not say its learning rate",
        remedy: "pass --learning_rate, or --schedule"
      )
    }
    current = rate
    initial = nil
  }

  /// A scheduler that goes on from the state's step: one of PyTorch's own, or a `LambdaLR` as transformers make them.
  ///
  /// - Parameters:
  ///   - groups: How many groups the optimizer has.
  ///   - nodes: Makes objects.
  ///   - asTrainer: Whether it has to be a `LambdaLR`, which is what the Trainer loads.
  ///   - note: Told of what is written differently.
  /// - Returns: The dictionary, `nil` where there is no schedule or PyTorch has none like it.
  /// - Throws: `StateError` when the schedule makes no sense at the step.
  package func scheduler(
    groups: Int,
    _ nodes: TorchNodes,
    asTrainer: Bool,
    _ note: ((String) -> Void)?
  ) throws -> PickleValue? {
    guard let schedule else {
      if let unread { note?("the scheduler is not read and left out: \(unread)") }
      return nil
    }
    func leaveOut() {
      let whose = asTrainer ? "the Trainer" : "PyTorch"
      note?("\(whose) has no scheduler like '\(schedule.kind)': only its present rate is written")
    }
    guard let initial else {
      leaveOut()
      return nil
    }
    if !asTrainer,
      let scheduler = try FreshScheduler(schedule, base: initial, step, groups, nodes)?.value
    {
      return scheduler
    }
    guard schedule.kind.hasPrefix("hf_") || schedule.kind == "bert" else {
      leaveOut()
      return nil
    }
    if schedule.kind == "bert" {
      note?(
        "BERT's schedule decays from step 0, transformers' from the end of the warm-up: the rate "
          + "written is BERT's at step \(step), later ones will be transformers'"
      )
    }
    note?(
      "PyTorch's LambdaLR keeps no function: the run that goes on has to make '\(schedule.kind)' again"
    )
    return try lambda(groups, nodes, base: initial, isPartial: schedule.kind != "hf_constant")
  }

  /// The scheduler of a run whose schedule is not known: it counts, and the run's own settings say
  /// what the rate becomes.
  package func constant(groups: Int, _ nodes: TorchNodes) throws -> PickleValue {
    try lambda(groups, nodes, base: initial ?? current, isPartial: true)
  }

  private func lambda(
    _ groups: Int,
    _ nodes: TorchNodes,
    base: Double,
    isPartial: Bool
  ) throws -> PickleValue {
    guard step < .max else {
      throw StateError(.malformed, "the global step cannot be counted any further")
    }
    func list(_ value: PickleValue) -> PickleValue {
      .list([PickleValue](repeating: value, count: groups))
    }
    // A plain function has no state; a partial one has an empty dictionary.
    let lambdas =
      isPartial ? PickleValue.list((0..<groups).map { _ in .dictionary([]) }) : list(.none)
    return nodes.dictionary([
      ("base_lrs", list(.double(base))), ("last_epoch", .int(step)),
      ("_step_count", .int(step + 1)), ("_is_initial", .bool(false)),
      ("_get_lr_called_within_step", .bool(false)), ("_last_lr", list(.double(current))),
      ("lr_lambdas", lambdas),
    ])
  }
}
