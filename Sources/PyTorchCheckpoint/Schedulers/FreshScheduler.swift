internal import OptimizerCore
internal import Tensors
internal import TorchContainer

/// The dictionary of one of PyTorch's own schedulers, made for a schedule that came from elsewhere.
struct FreshScheduler {
  /// The dictionary.
  let value: PickleValue

  /// Makes a dictionary, `nil` where the schedule is none that PyTorch computes from a class' numbers alone.
  ///
  /// - Parameters:
  ///   - record: The schedule.
  ///   - base: The rate that it scales.
  ///   - step: Calls so far.
  ///   - groups: How many groups the optimizer has.
  ///   - nodes: Makes objects.
  /// - Throws: `StateError` when the schedule makes no sense at the step.
  init?(
    _ record: ScheduleRecord,
    base: Double,
    _ step: Int64,
    _ groups: Int,
    _ nodes: TorchNodes
  ) throws {
    let schedule = try StateError.blamingData { try Schedule(record) }
    guard let position = try StateError.blamingData({ try schedule.torchPosition(at: step) }) else {
      return nil
    }
    func list(_ number: Double) -> PickleValue {
      .list([PickleValue](repeating: .double(number), count: groups))
    }
    /// One scheduler, a whole or a part.
    func single(_ record: ScheduleRecord, _ part: TorchPosition.Part) throws -> PickleValue? {
      guard let kind = SchedulerClass.all.first(where: { $0.kind.rawValue == record.kind }),
        part.epoch < .max
      else { return nil }
      var whole = record
      whole.parameters["learning_rate"] = .double(base)
      let parameters = try StateError.blamingData { try Schedule(whole) }.record.parameters
      var items = kind.settings.map { ($0, Self.value(parameters[$0], $0, nodes)) }
      if case .int(let first)? = parameters["T_0"], case .int(let stretch)? = parameters["T_mult"] {
        let (current, length) = TorchPosition.cycle(
          max(part.epoch, 0),
          first: first,
          stretch: stretch
        )
        items += [("T_i", .int(length)), ("T_cur", .int(current))]
      }
      return nodes.dictionary(
        items + [
          ("base_lrs", list(base)), ("last_epoch", .int(part.epoch)),
          ("_step_count", .int(max(part.epoch, 0) + 1)), ("_is_initial", .bool(false)),
          ("_get_lr_called_within_step", .bool(false)), ("_last_lr", list(part.rate)),
        ]
      )
    }
    guard case .strings(let specs)? = schedule.record.parameters["schedules"] else {
      guard let value = try single(schedule.record, position.parts[0]) else { return nil }
      self.value = value
      return
    }
    let parts = try zip(specs, position.parts).compactMap { spec, part in
      try single(try ScheduleRecord(partSpec: spec), part)
    }
    guard parts.count == specs.count else { return nil }
    var items: [(String, PickleValue)] = []
    if case .doubles(let milestones)? = schedule.record.parameters["milestones"] {
      items = [
        ("_milestones", .list(milestones.compactMap { Int64(exactly: $0) }.map { .int($0) })),
        ("last_epoch", .int(step)),
      ]
    }
    value = nodes.dictionary(
      items + [("_last_lr", list(position.rate)), ("_schedulers", .list(parts))]
    )
  }

  private static func value(
    _ parameter: HyperparameterValue?,
    _ key: String,
    _ nodes: TorchNodes
  ) -> PickleValue {
    switch parameter {
    case .int(let number)?: .int(number)
    case .double(let number)?: .double(number)
    case .doubles(let milestones)?:
      SchedulerClass.counter(milestones.compactMap { Int64(exactly: $0) }, nodes)
    default: .none
    }
  }
}
