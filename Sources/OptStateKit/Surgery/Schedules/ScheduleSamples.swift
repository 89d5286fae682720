public import OptimizerCore
internal import Tensors

/// The rate of a schedule at evenly spaced steps.
public struct ScheduleSamples: Sendable {
  /// One step and its rate.
  public struct Point: Sendable, Hashable {
    /// Updates already done.
    public let step: Int64
    /// The rate of the next one.
    public let rate: Double
  }

  /// The schedule, every default filled in.
  public let record: ScheduleRecord

  /// The points in rising order of their steps.
  public let points: [Point]

  /// Samples a schedule.
  ///
  /// - Parameters:
  ///   - record: The schedule.
  ///   - range: First and last step.
  ///   - count: How many points there are at most, both ends included.
  ///   - also: Steps within the range that are to be among them.
  /// - Throws: `StateError` with code `invalidArgument` when the schedule or the range make no sense.
  public init(
    _ record: ScheduleRecord,
    _ range: ClosedRange<Int64>,
    count: Int,
    also: [Int64] = []
  ) throws {
    let schedule = try Schedule(record)
    self.record = schedule.record
    guard count > 1 else {
      throw StateError(.invalidArgument, "a curve has at least two points", found: "\(count)")
    }
    var steps = Set(also.filter(range.contains))
    let width = range.upperBound - range.lowerBound
    if width < Int64(count) {
      steps.formUnion(range)
    } else {
      for place in 0..<count {
        let share = Double(place) / Double(count - 1)
        steps.insert(range.lowerBound + min(width, Int64((share * Double(width)).rounded())))
      }
    }
    points = try steps.sorted().map {
      Point(step: $0, rate: try schedule.learningRate(at: $0))
    }
  }

  /// The steps over which a schedule is worth looking at.
  ///
  /// - Parameters:
  ///   - records: The schedules.
  ///   - current: The step of a state, `nil` without one.
  /// - Returns: From 0 to a little beyond the last end, or the current step, whichever is later.
  /// - Throws: `StateError` with code `invalidArgument` when a schedule makes no sense.
  public static func range(of records: [ScheduleRecord], current: Int64?) throws -> ClosedRange<
    Int64
  > {
    let ends = try records.compactMap { try Schedule($0).end }.filter { $0 > 0 }
    let warmups = records.flatMap { record in
      ["num_warmup_steps", "warmup_steps", "decay_steps", "first_decay_steps"].compactMap { key in
        record.parameters[key]?.number.flatMap { Int64(exactly: $0) }
      }
    }
    let limit = Int64.max / 8
    let last =
      ends.max() ?? min(max(warmups.max() ?? 0, 0), limit) * 4
    return 0...max(min(max(last, (current ?? 0)), limit), 1000 * (ends.isEmpty ? 1 : 0), 1)
  }
}
