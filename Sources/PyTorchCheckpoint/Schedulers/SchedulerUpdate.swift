internal import OptimizerCore
internal import Tensors
package import TorchContainer
package import TrainingState

/// A scheduler and the rates of its optimizer's groups brought to what a state says: they move together or not at all.
package struct SchedulerUpdate {
  private let scheduler: TorchScheduler
  private let groups: [PickleValue]
  private let state: TrainingState

  /// The updates that the file counted when it was read.
  private let stepBefore: Int64?

  /// Prepares an update.
  ///
  /// - Parameters:
  ///   - scheduler: The scheduler's dictionary.
  ///   - groups: The settings of the optimizer's groups.
  ///   - state: What the file shall say.
  ///   - stepBefore: The updates that it counted when it was read.
  package init(
    _ scheduler: PickleValue,
    groups: [PickleValue],
    state: TrainingState,
    stepBefore: Int64?
  ) {
    self.scheduler = TorchScheduler(scheduler, groups: groups)
    self.groups = groups
    self.state = state
    self.stepBefore = stepBefore ?? self.scheduler.calls
  }

  private var step: Int64? { state.globalStep?.value ?? stepBefore }

  private var isMoved: Bool { step != stepBefore }

  /// Changes scheduler and groups in place.
  ///
  /// - Throws: `StateError` with code `unsupported` when the scheduler's rate at the step is not known, or
  ///   contradicts what the optimizer's record says.
  package func apply() throws {
    switch scheduler.reading {
    case .unread(let why): try updateUnread(why)
    case .known(let schedules): try update(schedules)
    }
  }

  // MARK: Schedulers that are known

  private func update(_ schedules: [Schedule]) throws {
    let counts = scheduler.calls == stepBefore
    guard !isMoved || counts || step == 0 else {
      throw Self.refusal(
        "the file's \(scheduler.name) was called \(scheduler.calls ?? 0) times in "
          + "\(stepBefore ?? 0) updates: what it makes of step \(step ?? 0) is not known",
        "--step 0 starts it anew"
      )
    }
    let calls = isMoved ? step ?? 0 : scheduler.calls ?? 0
    let wanted = try wanted(schedules)
    let isChanged = wanted.map(\.record) != schedules.map(\.record)
    let rates = try wanted.map { schedule in
      try StateError.blamingData { try schedule.learningRate(at: calls) }
    }
    try checkRate(rates[0], bases: [scheduler.bases[0], wanted[0].base ?? rates[0]])
    guard isMoved || isChanged else { return }
    if isChanged { setParameters(wanted[0].record) }
    try setCalls(calls, rates: rates, bases: wanted.compactMap(\.base), schedule: wanted[0])
  }

  /// The schedule of each group as the state has it.
  private func wanted(_ schedules: [Schedule]) throws -> [Schedule] {
    guard let record = state.schedule else { return schedules }
    let resolved = try StateError.blamingData { try Schedule(record) }
    if let first = schedules.first, resolved.record == first.record { return schedules }
    guard record.kind == schedules[0].record.kind else {
      throw Self.refusal(
        "the file's scheduler is a \(scheduler.name) and cannot become a schedule '\(record.kind)'",
        "change its numbers, or write the state in another format"
      )
    }
    guard scheduler.bases.allSatisfy({ $0 == scheduler.bases[0] }) else {
      throw Self.refusal(
        "the groups of the file's \(scheduler.name) have base rates of their own",
        "change them in PyTorch"
      )
    }
    let old = schedules[0].record.parameters
    let own = SchedulerClass.of(scheduler.value)?.settings ?? ["milestones"]
    for (key, value) in resolved.record.parameters
    where old[key] != value && key != "learning_rate" && !own.contains(key) {
      throw Self.refusal(
        "the file's \(scheduler.name) keeps its \(key) in another form",
        "change it in PyTorch"
      )
    }
    return schedules.map { _ in resolved }
  }

  /// Refuses a rate of the optimizer's record that the scheduler will not keep.
  private func checkRate(_ rate: Double, bases: [Double]) throws {
    guard let said = state.optimizer?.hyperparameters["learning_rate"]?.number else { return }
    let present = groups.first?["lr"]?.number
    guard said != present, said != rate, !bases.contains(said) else { return }
    throw Self.refusal(
      "the optimizer's learning rate shall be \(said), and the file's \(scheduler.name) makes it "
        + "\(rate)",
      "set --learning_rate, which changes the scheduler, or name the rate that it gives"
    )
  }

  // MARK: Schedulers that are not known

  private func updateUnread(_ why: String) throws {
    let said = state.optimizer?.hyperparameters["learning_rate"]?.number
    let present = groups.first?["lr"]?.number
    if let record = state.schedule {
      try adopt(record, why)
    } else if isMoved || said != nil && said != present {
      throw Self.refusal(
        "the file's scheduler is not read, and would not follow (\(why))",
        "say with --schedule what it computes, or change it in PyTorch"
      )
    }
  }

  /// Takes somebody's word for what a scheduler's function is, where that gives the rate on record.
  private func adopt(_ record: ScheduleRecord, _ why: String) throws {
    let schedule = try StateError.blamingData { try Schedule(record) }
    guard scheduler.value["lr_lambdas"] != nil, let base = schedule.base,
      scheduler.calls == stepBefore, let before = stepBefore, let rate = scheduler.rates.first,
      scheduler.bases.count == groups.count, scheduler.rates.allSatisfy({ $0 == rate })
    else {
      throw Self.refusal(
        "the file's scheduler is not read and cannot become a schedule '\(record.kind)' (\(why))",
        "write the state in another format"
      )
    }
    // The rate may be scaled anew at the same time, but not by another curve.
    let told = try schedule.withLearningRate(scheduler.bases[0])
    let found = try StateError.blamingData { try told.learningRate(at: before) }
    guard abs(found - rate) <= 1e-9 * max(abs(rate), abs(scheduler.bases[0])) else {
      throw StateError(
        .unsupported,
        "the schedule is not the one of the file's scheduler: it gives another rate at step \(before)",
        expected: "\(rate)",
        found: "\(found)",
        remedy: "name the schedule that the run has"
      )
    }
    let calls = step ?? before
    guard calls != before || base != scheduler.bases[0] else { return }
    let next = try StateError.blamingData { try schedule.learningRate(at: calls) }
    try checkRate(next, bases: [base, scheduler.bases[0]])
    try setCalls(
      calls,
      rates: groups.map { _ in next },
      bases: groups.map { _ in base },
      schedule: schedule
    )
  }

  // MARK: Writing

  private func setParameters(_ record: ScheduleRecord) {
    let value = scheduler.value
    for (key, parameter) in record.parameters {
      switch (key, parameter) {
      case ("milestones", .doubles(let list)):
        let name = value["_milestones"] == nil ? key : "_milestones"
        let whole = list.compactMap { Int64(exactly: $0) }
        value.replace(
          name,
          with: name == key
            ? SchedulerClass.counter(whole, TorchNodes()) : .list(whole.map { .int($0) })
        )
      case (_, .int(let number)): value.replace(key, with: .int(number))
      case (_, .double(let number)): value.replace(key, with: .double(number))
      default: break
      }
    }
  }

  private func setCalls(
    _ calls: Int64,
    rates: [Double],
    bases: [Double],
    schedule: Schedule
  ) throws {
    let value = scheduler.value
    Self.setCalls(of: value, calls, rates: rates, bases: bases)
    if let first = value["T_0"]?.int, let stretch = value["T_mult"]?.int {
      let (current, length) = TorchPosition.cycle(calls, first: first, stretch: stretch)
      value.replace("T_cur", with: .int(current))
      value.replace("T_i", with: .int(length))
    }
    for (index, part) in (value["_schedulers"]?.elements ?? []).enumerated() {
      let positions = try bases.map { base in
        try schedule.withLearningRate(base).torchPosition(at: calls)?.parts[index]
      }
      guard let first = positions.first ?? nil else { continue }
      let own = positions.compactMap { $0?.rate }
      Self.setCalls(of: part, first.epoch, rates: own, bases: bases)
      if let length = part["T_0"]?.int, let stretch = part["T_mult"]?.int {
        let (current, length) = TorchPosition.cycle(
          max(first.epoch, 0),
          first: length,
          stretch: stretch
        )
        part.replace("T_cur", with: .int(current))
        part.replace("T_i", with: .int(length))
      }
    }
    for ((group, rate), base) in zip(zip(groups, rates), bases) {
      group.replace("lr", with: .double(rate))
      group.replace("initial_lr", with: .double(base))
    }
  }

  /// Sets what every scheduler counts; what a dictionary does not have is not added.
  private static func setCalls(
    of value: PickleValue,
    _ calls: Int64,
    rates: [Double],
    bases: [Double]
  ) {
    // CosineAnnealingWarmRestarts has a count that it does not keep.
    let isKept = value["_step_count"]?.int != 0
    value.replace("last_epoch", with: .int(calls))
    if isKept { value.replace("_step_count", with: .int(calls < .max ? max(calls, 0) + 1 : calls)) }
    value.replace("_last_lr", with: .list(rates.map { .double($0) }))
    let old = (value["base_lrs"]?.elements ?? []).map(\.number)
    if old != bases.map({ $0 }) {
      value.replace("base_lrs", with: .list(bases.map { .double($0) }))
    }
  }

  private static func refusal(_ message: String, _ remedy: String) -> StateError {
    StateError(.unsupported, message, remedy: remedy)
  }
}

extension Schedule {
  /// The rate that the schedule scales, `nil` where it has none.
  fileprivate var base: Double? { record.parameters["learning_rate"]?.number }
}
