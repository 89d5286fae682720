package import OptimizerCore
internal import Tensors
package import TorchContainer

/// A scheduler's dictionary beside its optimizer's groups: what it says, and whether that can be believed.
///
/// It is believed where its numbers give the rate on record bit for bit, in the dictionary and in the groups.
package struct TorchScheduler {
  /// What the dictionary says.
  enum Reading {
    /// The schedule from each group's base rate.
    case known([Schedule])
    /// Nothing that can be computed, and why.
    case unread(String)
  }

  let value: PickleValue

  /// PyTorch's name of the class, as far as the keys tell.
  let name: String

  let reading: Reading

  /// Calls so far, `nil` where the dictionary does not say.
  package let calls: Int64?

  /// The base rate of each group.
  let bases: [Double]

  /// The rate of each group on record.
  let rates: [Double]

  /// Whether a value is such a dictionary.
  static func isScheduler(_ value: PickleValue) -> Bool {
    if value["_schedulers"]?.elements != nil, value["_last_lr"] != nil { return true }
    return value["last_epoch"]?.int != nil
      && ["base_lrs", "_step_count", "num_bad_epochs"].contains { value[$0] != nil }
  }

  /// Takes a dictionary in.
  ///
  /// - Parameters:
  ///   - value: The dictionary.
  ///   - groups: The settings of the optimizer's groups.
  package init(_ value: PickleValue, groups: [PickleValue]) {
    self.value = value
    let parts = value["_schedulers"]?.elements
    let first = parts?.first ?? value
    calls = parts == nil ? value["last_epoch"]?.int : Self.calls(value, parts ?? [])
    bases = (first["base_lrs"]?.elements ?? []).compactMap(\.number)
    rates = (value["_last_lr"]?.elements ?? []).compactMap(\.number)
    let (name, record) = Self.recognize(value, groups)
    self.name = name
    do {
      let record = try record()
      reading = .known(try Self.prove(record, calls, bases, rates, groups))
    } catch {
      reading = .unread("\(name): \(error.why)")
    }
  }

  /// Why a dictionary cannot be believed.
  struct Obstacle: Error {
    let why: String
  }

  private static func calls(_ value: PickleValue, _ parts: [PickleValue]) -> Int64? {
    if let calls = value["last_epoch"]?.int { return calls }
    // A chain does not count; its parts do, each the same.
    let all = Set(parts.map { $0["last_epoch"]?.int })
    return all.count == 1 ? all.first ?? nil : nil
  }

  // MARK: Classes

  private static func recognize(
    _ value: PickleValue,
    _ groups: [PickleValue]
  ) -> (name: String, record: () throws(Obstacle) -> ScheduleRecord) {
    func unread(_ why: String) -> () throws(Obstacle) -> ScheduleRecord {
      { () throws(Obstacle) -> ScheduleRecord in throw Obstacle(why: why) }
    }
    if let parts = value["_schedulers"]?.elements {
      let isSequence = value["_milestones"] != nil
      return (
        isSequence ? "SequentialLR" : "ChainedScheduler",
        { () throws(Obstacle) in try composite(value, parts, isSequence: isSequence) }
      )
    }
    if let known = SchedulerClass.of(value) {
      return (
        known.name,
        { () throws(Obstacle) in
          guard let parameters = known.parameters(value) else {
            throw Obstacle(why: "its settings are no numbers")
          }
          return ScheduleRecord(kind: known.kind.rawValue, parameters: parameters)
        }
      )
    }
    if value["lr_lambdas"] != nil {
      return ("LambdaLR or MultiplicativeLR", unread("its function is in no file"))
    }
    if value["num_bad_epochs"] != nil {
      return ("ReduceLROnPlateau", unread("its rate follows what is measured"))
    }
    if value["max_lrs"] != nil, value["step_ratio"] != nil {
      return ("CyclicLR", { () throws(Obstacle) in try cyclic(value) })
    }
    if value["_schedule_phases"] != nil {
      return ("OneCycleLR", { () throws(Obstacle) in try oneCycle(value, groups) })
    }
    return ("a scheduler of another class than PyTorch's", unread("its keys are its own"))
  }

  private static func composite(
    _ value: PickleValue,
    _ parts: [PickleValue],
    isSequence: Bool
  ) throws(Obstacle) -> ScheduleRecord {
    var specs: [String] = []
    for part in parts {
      guard let known = SchedulerClass.of(part), let parameters = known.parameters(part) else {
        throw Obstacle(why: "one of its parts is none that is computed within another")
      }
      specs.append("\(ScheduleRecord(kind: known.kind.rawValue, parameters: parameters))")
    }
    var parameters: [String: HyperparameterValue] = ["schedules": .strings(specs)]
    var kind = ScheduleKind.torchChained
    if isSequence {
      kind = .torchSequential
      let milestones = (value["_milestones"]?.elements ?? []).compactMap(\.int)
      parameters["milestones"] = .doubles(milestones.map(Double.init))
    }
    return ScheduleRecord(kind: kind.rawValue, parameters: parameters)
  }

  private static let movesMomentum = Obstacle(
    why: "it moves the momentum with the rate, which no schedule does"
  )

  private static func cyclic(_ value: PickleValue) throws(Obstacle) -> ScheduleRecord {
    guard value["cycle_momentum"]?.bool == false else { throw movesMomentum }
    let greatest = (value["max_lrs"]?.elements ?? []).compactMap(\.number)
    guard let first = greatest.first, greatest.allSatisfy({ $0 == first }),
      let size = value["total_size"]?.number, let ratio = value["step_ratio"]?.number,
      let mode = value["mode"]?.text, let gamma = value["gamma"]?.number
    else { throw Obstacle(why: "its settings are not those of 2.0 and later, or differ") }
    // A function of the user's own leaves no trace: only a rate past the first cycle can tell.
    let isTold = mode == "exp_range" ? 1 : size
    guard value["_scale_fn_custom"]?.isNone == true, let calls = value["last_epoch"]?.int,
      Double(calls) >= isTold
    else { throw Obstacle(why: "it may scale by a function, which is in no file") }
    return ScheduleRecord(
      kind: ScheduleKind.torchCyclic.rawValue,
      parameters: [
        "max_learning_rate": .double(first), "total_size": .double(size),
        "step_ratio": .double(ratio), "mode": .string(mode), "gamma": .double(gamma),
      ]
    )
  }

  private static func oneCycle(
    _ value: PickleValue,
    _ groups: [PickleValue]
  ) throws(Obstacle) -> ScheduleRecord {
    guard value["cycle_momentum"]?.bool == false else { throw movesMomentum }
    let phases = value["_schedule_phases"]?.elements ?? []
    let rates = ["initial_lr", "max_lr"] + (phases.count == 3 ? ["initial_lr"] : []) + ["min_lr"]
    let limits = groups.map { [$0["max_lr"]?.number, $0["min_lr"]?.number] }
    guard phases.map({ $0["start_lr"]?.text }) == rates.dropLast().map({ $0 }),
      phases.map({ $0["end_lr"]?.text }) == rates.dropFirst().map({ $0 }),
      let steps = value["total_steps"]?.int, let strategy = value["_anneal_func_type"]?.text,
      let first = limits.first, limits.allSatisfy({ $0 == first }), let greatest = first[0],
      let least = first[1]
    else { throw Obstacle(why: "its settings are not those of 2.0 and later, or differ") }
    return ScheduleRecord(
      kind: ScheduleKind.torchOneCycle.rawValue,
      parameters: [
        "max_learning_rate": .double(greatest), "min_learning_rate": .double(least),
        "total_steps": .int(steps), "anneal_strategy": .string(strategy),
        "phase_ends": .doubles(phases.compactMap { $0["end_step"]?.number }),
      ]
    )
  }

  // MARK: Proof

  /// The schedule of each group, where it gives the rates on record.
  private static func prove(
    _ record: ScheduleRecord,
    _ calls: Int64?,
    _ bases: [Double],
    _ rates: [Double],
    _ groups: [PickleValue]
  ) throws(Obstacle) -> [Schedule] {
    guard let calls, calls >= 0, !groups.isEmpty, bases.count == groups.count,
      rates.count == groups.count
    else { throw Obstacle(why: "it has no rate for each of the optimizer's groups") }
    guard calls <= TorchPosition.limit else {
      throw Obstacle(why: "it was called more often than its rates are followed")
    }
    guard zip(groups, rates).allSatisfy({ $0["lr"]?.number == $1 }) else {
      throw Obstacle(why: "its rate is not the one that the optimizer has")
    }
    var schedules: [Schedule] = []
    for (base, rate) in zip(bases, rates) {
      var own = record
      own.parameters["learning_rate"] = .double(base)
      guard let schedule = try? Schedule(own), let found = try? schedule.learningRate(at: calls)
      else { throw Obstacle(why: "its settings make no sense") }
      guard found == rate else {
        throw Obstacle(why: "its settings do not give the rate that it has on record")
      }
      schedules.append(schedule)
    }
    return schedules
  }

  // MARK: What a state says

  /// The schedule for a state that counts updates, or why there is none.
  ///
  /// - Parameter step: The updates that the file counts.
  /// - Returns: The record, or a sentence.
  package func record(at step: Int64?) -> (record: ScheduleRecord?, unread: String?) {
    switch reading {
    case .unread(let why): return (nil, why)
    case .known(let schedules):
      guard step == calls else {
        return (
          nil,
          "\(name): it was called \(calls ?? 0) times in "
            + (step.map { "\($0) updates" } ?? "nobody knows how many updates")
        )
      }
      guard let first = schedules.first, bases.allSatisfy({ $0 == bases[0] }) else {
        return (nil, "\(name): the groups have base rates of their own")
      }
      return (first.record, nil)
    }
  }
}
