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
    guard range.lowerBound >= 0, range.upperBound <= Self.limit else {
      throw StateError(
        .invalidArgument,
        "the steps are beyond any training",
        expected: "0 to \(Self.limit)",
        found: "\(range.lowerBound) to \(range.upperBound)"
      )
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
    // Beyond the end nothing changes; without one, a few times the lengths that the schedule names.
    let lengths = try records.map { record -> Int64 in
      let schedule = try Schedule(record)
      if let end = schedule.end, end > 0 { return end }
      func length(_ keys: [String], times factor: Int64) -> Int64? {
        keys.lazy.compactMap { schedule.record.parameters[$0]?.number }
          .compactMap { Int64(exactly: $0) }.first { $0 > 0 }
          .map { min($0, limit) * factor }
      }
      return length(["num_training_steps"], times: 1)
        ?? length(
          ["decay_steps", "first_decay_steps", "num_warmup_steps", "warmup_steps"],
          times: 4
        )
        ?? 1000
    }
    return 0...max(1, min(max(lengths.max() ?? 0, current ?? 0), limit))
  }

  /// More steps than any training has, few enough to be multiplied.
  private static let limit = Int64.max / 8
}
