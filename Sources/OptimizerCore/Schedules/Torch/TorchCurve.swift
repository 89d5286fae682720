internal import Synchronization
import Tensors

/// A scheduler of PyTorch's: one rule, several in a sequence (`SequentialLR`), or one upon another
/// (`ChainedScheduler`).
///
/// PyTorch makes each rate out of the one before, which rounds otherwise than a formula of the step does. So does this
/// curve: up to ``TorchPosition/limit`` updates its rates are PyTorch's bit for bit. Later ones come from PyTorch's closed forms.
struct TorchCurve: ScheduleCurve {
  /// How several rules go together.
  private enum Order {
    case sequence([Int64])
    case chain
  }

  /// How many rules may go together.
  private static let mostRules = 64

  /// How many base rates are remembered at once.
  private static let remembered = 64

  private let base: Double
  private let rules: [TorchRate]
  private let order: Order
  private let reached: Reached

  /// The last position of each base rate: runs ask for one step after another.
  private final class Reached: Sendable {
    let positions = Mutex<[UInt64: TorchPosition]>([:])
  }

  init(_ kind: ScheduleKind, from reader: inout RecordReader) throws {
    base = try reader.number("learning_rate")
    reached = Reached()
    switch kind {
    case .torchSequential:
      rules = try Self.parts(&reader)
      let milestones = try reader.numbers("milestones").compactMap { Int64(exactly: $0) }
      guard milestones.count == rules.count - 1, milestones.allSatisfy({ $0 >= 0 }),
        zip(milestones, milestones.dropFirst()).allSatisfy(<=)
      else {
        throw StateError(
          .invalidArgument,
          "\(reader.subject) needs rising milestones, one less than schedules"
        )
      }
      order = .sequence(milestones)
    case .torchChained:
      rules = try Self.parts(&reader)
      guard rules.allSatisfy(\.isProportional) else {
        throw StateError(
          .invalidArgument,
          "\(reader.subject) has a part whose rate is no multiple of the one before"
        )
      }
      order = .chain
    default:
      rules = [try TorchRate(kind, from: &reader)]
      order = .chain
    }
  }

  private init(_ other: TorchCurve, base: Double) {
    self.base = base
    rules = other.rules
    order = other.order
    reached = other.reached
  }

  /// The rules of a list of specs without their rates.
  private static func parts(_ reader: inout RecordReader) throws -> [TorchRate] {
    let specs = try reader.words("schedules") ?? []
    guard (1...mostRules).contains(specs.count) else {
      throw StateError(
        .invalidArgument,
        "\(reader.subject) needs 'schedules', a list of at most \(mostRules) specs"
      )
    }
    var complete: [String] = []
    let rules = try specs.map { spec in
      let (kind, values) = try SpecText.parse(spec)
      guard let kind = ScheduleKind(rawValue: kind) else {
        throw StateError(.invalidArgument, "\(reader.subject) has a part '\(spec)'")
      }
      var part = RecordReader("schedule '\(kind.rawValue)' in it", values)
      let rule = try TorchRate(kind, from: &part)
      try part.finish()
      complete.append(ScheduleRecord(kind: kind.rawValue, parameters: part.resolved).description)
      return rule
    }
    reader.complete("schedules", .strings(complete))
    return rules
  }

  func rebased(_ base: Double) -> (any ScheduleCurve)? { TorchCurve(self, base: base) }

  func rate<Scalar: BinaryFloatingPoint>(at step: Int64) -> Scalar {
    Scalar(position(at: step).rate)
  }

  /// Where the scheduler stands.
  ///
  /// - Parameter step: Calls so far.
  /// - Returns: Its rate and its parts.
  /// - Complexity: O(`step`) once, then O(difference to the step asked for before).
  func position(at step: Int64) -> TorchPosition {
    if let end, step > end {
      var position = followed(to: end)
      position.skip(to: step, active: active(at: end))
      return position
    }
    return step > TorchPosition.limit ? direct(at: step) : followed(to: step)
  }

  private func followed(to step: Int64) -> TorchPosition {
    if step > TorchPosition.limit { return direct(at: step) }
    return reached.positions.withLock { positions in
      var position = positions[base.bitPattern].flatMap { $0.step <= step ? $0 : nil } ?? beginning
      while position.step < step { advance(&position) }
      if positions.count >= Self.remembered { positions = [:] }
      positions[base.bitPattern] = position
      return position
    }
  }

  private var beginning: TorchPosition {
    var position = TorchPosition(
      rate: base,
      parts: rules.map { _ in .init(epoch: -1, rate: base) }
    )
    for index in active(at: 0) {
      position.rate = rules[index].begin(position.rate, base: base)
      position.parts[index] = .init(epoch: 0, rate: position.rate)
    }
    return position
  }

  private func advance(_ position: inout TorchPosition) {
    position.step += 1
    let step = position.step
    for index in active(at: step) {
      if case .sequence(let milestones) = order, index > 0, milestones[index - 1] == step {
        position.parts[index].epoch = 0
        position.rate = rules[index].at(0, base: base)
      } else {
        position.parts[index].epoch += 1
        position.rate = rules[index].next(
          position.rate,
          base: base,
          epoch: position.parts[index].epoch
        )
      }
      position.parts[index].rate = position.rate
    }
  }

  /// The rules that a call reaches.
  private func active(at step: Int64) -> Range<Int> {
    switch order {
    case .chain: return rules.indices
    case .sequence(let milestones):
      let index = milestones.count { $0 <= step }
      return index..<index + 1
    }
  }

  /// The position by the closed forms alone.
  private func direct(at step: Int64) -> TorchPosition {
    var position = TorchPosition(rate: base, parts: rules.map { _ in .init(epoch: -1, rate: base) })
    position.step = step
    switch order {
    case .chain:
      var factor = 1.0
      for (index, rule) in rules.enumerated() {
        let own = rule.at(step, base: base)
        position.rate = rules.count == 1 ? own : position.rate
        factor *= base == 0 ? 0 : own / base
        position.parts[index] = .init(
          epoch: step,
          rate: rules.count == 1 ? own : base * factor
        )
      }
      if rules.count > 1 { position.rate = base * factor }
    case .sequence(let milestones):
      for index in rules.indices where index == 0 || milestones[index - 1] <= step {
        let start = index == 0 ? 0 : milestones[index - 1]
        let last = index < milestones.count ? min(step, milestones[index] - 1) : step
        guard last >= start else { continue }
        let epoch = last - start
        position.rate = rules[index].at(epoch, base: base)
        position.parts[index] = .init(epoch: epoch, rate: position.rate)
      }
    }
    return position
  }

  var end: Int64? {
    switch order {
    case .chain:
      let ends = rules.compactMap(\.end)
      return ends.count == rules.count ? ends.max() : nil
    case .sequence(let milestones):
      guard let last = rules.last?.end else { return nil }
      let (end, overflow) = last.addingReportingOverflow(milestones.last ?? 0)
      return overflow ? nil : end
    }
  }
}

extension TorchPosition {
  /// Counts calls that no longer change the rate.
  fileprivate mutating func skip(to step: Int64, active: Range<Int>) {
    for index in active { parts[index].epoch += step - self.step }
    self.step = step
  }
}
